import { expect, test } from "@playwright/test";
import { read, write } from "../src/roman.mjs";

test("one", () => expect(write(1)).toBe("I"));
test("four is one before five", () => expect(write(4)).toBe("IV"));
