import test from "node:test";
import assert from "node:assert";
import { read, write } from "../src/roman.mjs";

test("a year", () => assert.equal(read("MCMXCIV"), 1994));
