import test from "node:test";
import assert from "node:assert";
import { read, write } from "../src/roman.mjs";

test("one", () => assert.equal(write(1), "I"));
test("four is one before five", () => assert.equal(write(4), "IV"));
