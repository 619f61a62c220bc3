import { expect, test } from "@playwright/test";
import { read, write } from "../../src/roman.mjs";

test("a year", () => expect(read("MCMXCIV")).toBe(1994));
