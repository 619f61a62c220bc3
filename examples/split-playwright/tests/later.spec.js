import { expect, test } from "@playwright/test";
import { read, write } from "../src/roman.mjs";

test.fixme("signs with a line above", () => expect(write(5000)).toBe("V̅"));
