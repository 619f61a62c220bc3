const { read, write } = require("../src/roman");

test("one", () => expect(write(1)).toBe("I"));
test("four is one before five", () => expect(write(4)).toBe("IV"));
