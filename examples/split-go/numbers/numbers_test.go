package numbers_test

import (
	"testing"

	"example.com/roman/numbers"
)

// A test of the other package has this name as well.
func TestOne(t *testing.T) {
	if sum, err := numbers.Add("I", "I"); err != nil || sum != "II" {
		t.Errorf("I and I are %q (%v)", sum, err)
	}
}

func TestCarry(t *testing.T) {
	if sum, err := numbers.Add("IX", "I"); err != nil || sum != "X" {
		t.Errorf("IX and I are %q (%v)", sum, err)
	}
}

func TestTooMuch(t *testing.T) {
	if sum, err := numbers.Add("MMMCMXCIX", "I"); err == nil {
		t.Errorf("there is a sum: %q", sum)
	}
}
