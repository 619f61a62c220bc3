"""Roman numerals from 1 to 3999."""

PAIRS = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
]


def to_roman(number):
    if not 0 < number < 4000:
        raise ValueError(f"{number} is not from 1 to 3999")
    text = ""
    for worth, letters in PAIRS:
        count, number = divmod(number, worth)
        text += letters * count
    return text


def from_roman(text):
    number, rest = 0, text
    for worth, letters in PAIRS:
        while rest.startswith(letters):
            number, rest = number + worth, rest[len(letters):]
    if rest or not text or to_roman(number) != text:
        raise ValueError(f"{text!r} is no Roman numeral")
    return number
