import { expect, test } from "@playwright/test";
import { read, write } from "../src/roman.mjs";

test("forty", () => expect(write(40)).toBe("XL"));
test("\"ninety\"", () => expect(write(90)).toBe("XC"));
