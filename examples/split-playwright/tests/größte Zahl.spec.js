import { expect, test } from "@playwright/test";
import { read, write } from "../src/roman.mjs";

test("größte", () => expect(write(3999)).toBe("MMMCMXCIX"));
