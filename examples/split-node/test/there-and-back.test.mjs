import test from "node:test";
import assert from "node:assert";
import { read, write } from "../src/roman.mjs";

test("there and back", () => {
  for (let number = 1; number < 100; number += 1) assert.equal(read(write(number)), number);
});
