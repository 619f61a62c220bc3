import test from "node:test";
import assert from "node:assert";
import { read, write } from "../src/roman.mjs";

for (const number of [0, -1, 4000]) test(`no ${number}`, () => assert.throws(() => write(number), RangeError));
