import test from "node:test";
import assert from "node:assert";
import { read, write } from "../src/roman.mjs";

test("größte", () => assert.equal(write(3999), "MMMCMXCIX"));
