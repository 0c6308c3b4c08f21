package python

import (
	"strings"
	"unicode"
)

// asciiDigits writes the decimal digits of all scripts as 0 to 9: Python's int and float read them all.
func asciiDigits(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if zero, ok := zeroOf(r); ok {
			return '0' + (r-zero)%10
		}
		return r
	}, s)
}

// zeroOf finds a zero that a digit is counted from. Each range of Unicode's decimal digits begins with a
// zero, and has ten of them or several times ten.
func zeroOf(r rune) (rune, bool) {
	for _, some := range unicode.Nd.R16 {
		if rune(some.Lo) <= r && r <= rune(some.Hi) {
			return rune(some.Lo), true
		}
	}
	for _, some := range unicode.Nd.R32 {
		if rune(some.Lo) <= r && r <= rune(some.Hi) {
			return rune(some.Lo), true
		}
	}
	return 0, false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
