import { expect, test } from "@playwright/test";
import { read, write } from "../src/roman.mjs";

test("what is no numeral", () => expect(() => read("IIX")).toThrow(SyntaxError));
test.skip("fractions", () => expect(read("S")).toBe(0.5));
