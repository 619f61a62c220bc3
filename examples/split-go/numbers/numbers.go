// Package numbers adds numerals.
package numbers

import "example.com/roman/roman"

// Add gives the sum of two numerals.
func Add(one, other string) (string, error) {
	first, err := roman.Read(one)
	if err != nil {
		return "", err
	}
	second, err := roman.Read(other)
	if err != nil {
		return "", err
	}
	return roman.Write(first + second)
}
