const { read, write } = require("../src/roman");

test("größte", () => expect(write(3999)).toBe("MMMCMXCIX"));
