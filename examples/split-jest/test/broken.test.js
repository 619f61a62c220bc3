const { read, write } = require("../src/roman");

test("what is no numeral", () => expect(() => read("IIX")).toThrow(SyntaxError));
test.skip("fractions", () => expect(read("S")).toBe(0.5));
