// Package roman writes and reads Roman numerals.
package roman

import "fmt"

var signs = []struct {
	value int
	sign  string
}{
	{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"},
	{50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"},
}

// Write gives a number from 1 to 3999 as a numeral.
func Write(number int) (string, error) {
	if number < 1 || number > 3999 {
		return "", fmt.Errorf("%d has no numeral", number)
	}
	text := ""
	for _, sign := range signs {
		for number >= sign.value {
			text += sign.sign
			number -= sign.value
		}
	}
	return text, nil
}

// Read gives the number that a numeral stands for.
func Read(text string) (int, error) {
	for number := 1; number < 4000; number++ {
		if written, _ := Write(number); written == text {
			return number, nil
		}
	}
	return 0, fmt.Errorf("%q is no numeral", text)
}
