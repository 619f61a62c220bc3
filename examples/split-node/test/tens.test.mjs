import test from "node:test";
import assert from "node:assert";
import { read, write } from "../src/roman.mjs";

test("forty", () => assert.equal(write(40), "XL"));
test("\"ninety\"", () => assert.equal(write(90), "XC"));
