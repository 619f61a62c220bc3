const { read, write } = require("../src/roman");

test("forty", () => expect(write(40)).toBe("XL"));
test("\"ninety\"", () => expect(write(90)).toBe("XC"));
