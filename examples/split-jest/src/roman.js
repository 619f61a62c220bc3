// Roman numerals.

const SIGNS = Object.entries({
  M: 1000, CM: 900, D: 500, CD: 400, C: 100, XC: 90, L: 50, XL: 40, X: 10, IX: 9, V: 5, IV: 4, I: 1,
});

// A number from 1 to 3999 as a numeral.
function write(number) {
  if (!(number >= 1 && number <= 3999)) throw new RangeError(`${number} has no numeral`);
  let text = "";
  for (const [sign, value] of SIGNS) {
    while (number >= value) {
      text += sign;
      number -= value;
    }
  }
  return text;
}

// The number that a numeral stands for.
function read(text) {
  for (let number = 1; number < 4000; number += 1) if (write(number) === text) return number;
  throw new SyntaxError(`${text} is no numeral`);
}

module.exports = { read, write };
