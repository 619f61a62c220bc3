const { read, write } = require("../src/roman");

test("a year", () => expect(read("MCMXCIV")).toBe(1994));
