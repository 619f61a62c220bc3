import { expect, test } from "@playwright/test";
import { read, write } from "../src/roman.mjs";

test.describe("in a row", () => {
  test.describe.configure({ mode: "serial" });
  for (const number of [1, 49, 944]) test(`${number} and back`, () => expect(read(write(number))).toBe(number));
});
