// Package python has values as Python has them: they print, compare, convert and
// format as Python's do, byte for byte, with the methods of str, int, float, list,
// dict, bytes and datetime.
//
// Whatever makes a value of unknown size counts it first: a Runtime holds the
// budget of one program and stops it, by a panic with an *Error that Caught turns
// into an error. A method of a type is an entry of that type's table
// (stringMethods, listMethods, dictMethods and so on), made by Define with a
// signature as Python writes it; Method finds it.
package python

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Float is repr(f): the shortest digits that give the number back.
func Float(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if f == math.Trunc(f) {
		s += ".0"
	}
	return s
}

// Quote is repr(s).
func Quote(s string) string {
	q := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		q = '"'
	}
	b := make([]byte, 0, quotedSize(s))
	b = append(b, q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r >= 0x20 && r < 0x7f:
			b = append(b, byte(r))
		case r < 0xa1 || !isPrintable(r):
			b = append(b, Escape(r)...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return string(append(b, q))
}

// quotedSize is an upper bound of the length of Quote(s), in bytes.
func quotedSize(s string) int {
	n := 2
	for _, r := range s {
		switch {
		case r >= 0x20 && r < 0x7f:
			n++
			if r == '\'' || r == '\\' {
				n++
			}
		case r < 0xa1:
			n += 4
		case isPrintable(r):
			n += utf8.RuneLen(r)
		default:
			n += 10
		}
	}
	return n
}

// isPrintable is str.isprintable of one character.
func isPrintable(r rune) bool { return r == ' ' || unicode.IsPrint(r) }

// Escape is the escape of a character that is not ASCII.
func Escape(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
