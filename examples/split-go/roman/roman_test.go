package roman

import (
	"fmt"
	"testing"
)

func check(t *testing.T, number int, text string) {
	t.Helper()
	if written, err := Write(number); err != nil || written != text {
		t.Errorf("%d is written %q (%v), not %q", number, written, err, text)
	}
	if read, err := Read(text); err != nil || read != number {
		t.Errorf("%q is read %d (%v), not %d", text, read, err, number)
	}
}

func TestOne(t *testing.T)    { check(t, 1, "I") }
func TestFour(t *testing.T)   { check(t, 4, "IV") }
func TestNine(t *testing.T)   { check(t, 9, "IX") }
func TestForty(t *testing.T)  { check(t, 40, "XL") }
func TestNinety(t *testing.T) { check(t, 90, "XC") }
func TestYear(t *testing.T)   { check(t, 1994, "MCMXCIV") }
func TestGrößte(t *testing.T) { check(t, 3999, "MMMCMXCIX") }
func TestOneToo(t *testing.T) { check(t, 1, "I") }

// Parts of a test belong to it.
func TestNone(t *testing.T) {
	for _, number := range []int{0, -1, 4000} {
		t.Run(fmt.Sprint("no ", number), func(t *testing.T) {
			if written, err := Write(number); err == nil {
				t.Errorf("%d is written %q", number, written)
			}
		})
	}
}

func TestBroken(t *testing.T) {
	if number, err := Read("IIX"); err == nil {
		t.Errorf("IIX is read %d", number)
	}
}

func TestFractions(t *testing.T) { t.Skip("nobody has asked for them") }

func ExampleWrite() {
	text, _ := Write(2026)
	fmt.Println(text)
	// Output: MMXXVI
}
