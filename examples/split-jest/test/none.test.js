const { read, write } = require("../src/roman");

test.each([0, -1, 4000])("no %d", (number) => expect(() => write(number)).toThrow(RangeError));
