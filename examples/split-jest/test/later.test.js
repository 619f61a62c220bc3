const { read, write } = require("../src/roman");

test.todo("signs with a line above");
test.skip("a dot", () => expect(read("·")).toBe(1 / 12));
