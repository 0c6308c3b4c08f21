package python

import (
	"math"
	"strconv"
	"strings"
)

// maxPrecision bounds the digits after the point; Go pads with zeros beyond
// what a float64 has.
const maxPrecision = 100_000

// formatFloat formats as the e, f and g conversions of C and Python do.
func formatFloat(f float64, verb byte, precision int, alt bool) string {
	isUpper := verb < 'a'
	verb |= 0x20
	var s string
	switch {
	case math.IsNaN(f):
		s = "nan"
	case math.IsInf(f, 0):
		s = "inf"
		if f < 0 {
			s = "-inf"
		}
	default:
		if precision > maxPrecision {
			Raise("ValueError", "precision too big")
		}
		s = finite(f, verb, precision, alt)
	}
	if isUpper {
		s = strings.ToUpper(s)
	}
	return s
}

func finite(f float64, verb byte, precision int, alt bool) string {
	if verb != 'g' {
		s := strconv.FormatFloat(f, verb, precision, 64)
		if alt && precision == 0 {
			if i := strings.IndexByte(s, 'e'); i >= 0 {
				return s[:i] + "." + s[i:]
			}
			return s + "."
		}
		return s
	}
	precision = max(precision, 1)
	s := strconv.FormatFloat(f, 'e', precision-1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	exp, _ := strconv.Atoi(exponent)
	if exp < -4 || exp >= precision {
		if !alt {
			mantissa = trimZeros(mantissa)
		}
		return mantissa + "e" + exponent
	}
	s = strconv.FormatFloat(f, 'f', precision-1-exp, 64)
	if alt {
		if !strings.Contains(s, ".") {
			s += "."
		}
		return s
	}
	return trimZeros(s)
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// formatSpec is a format specification of Python's format().
type formatSpec struct {
	fill      string
	align     byte // 0: not given
	sign      byte
	zeroNeg   bool
	alt       bool
	zero      bool
	width     int
	grouping  byte
	precision int // -1: not given
	verb      byte
}

func (rt *Runtime) parseSpec(s string, typ string) formatSpec {
	f := formatSpec{fill: " ", precision: -1}
	rt.ChargeProduct(4, len(s))
	runes := []rune(s)
	i := 0
	isAlign := func(r rune) bool { return r == '<' || r == '>' || r == '^' || r == '=' }
	if len(runes) > 1 && isAlign(runes[1]) {
		f.fill, f.align = string(runes[0]), byte(runes[1])
		i = 2
	} else if len(runes) > 0 && isAlign(runes[0]) {
		f.align = byte(runes[0])
		i = 1
	}
	peek := func(set string) byte {
		if i < len(runes) && runes[i] < 0x80 && strings.ContainsRune(set, runes[i]) {
			i++
			return byte(runes[i-1])
		}
		return 0
	}
	f.sign = peek("+- ")
	f.zeroNeg = peek("z") != 0
	f.alt = peek("#") != 0
	f.zero = peek("0") != 0
	number := func() int {
		start := i
		for i < len(runes) && runes[i] >= '0' && runes[i] <= '9' {
			i++
		}
		if start == i {
			return -1
		}
		n, err := strconv.Atoi(string(runes[start:i]))
		if err != nil {
			Raise("ValueError", "Too many decimal digits in format string")
		}
		rt.Charge(n)
		return n
	}
	f.width = max(number(), 0)
	f.grouping = peek(",_")
	if peek(".") != 0 {
		if f.precision = number(); f.precision < 0 {
			Raise("ValueError", "Format specifier missing precision")
		}
	}
	if i < len(runes)-1 {
		Raise("ValueError", "Invalid format specifier '%s' for object of type '%s'", s, typ)
	}
	if i < len(runes) {
		if runes[i] >= 0x80 {
			Raise("ValueError", "Unknown format code '%c' for object of type '%s'", runes[i], typ)
		}
		f.verb = byte(runes[i])
	}
	return f
}

func (f *formatSpec) unknown(typ string) {
	Raise("ValueError", "Unknown format code '%c' for object of type '%s'", f.verb, typ)
}

// pad pads text to the width; numbers pad with zeros after their sign.
func (f *formatSpec) pad(rt *Runtime, s string, align byte) string {
	n := f.width - runeCount(s)
	if n <= 0 {
		return s
	}
	if f.align != 0 {
		align = f.align
	}
	fill := f.fill
	if f.zero && fill == " " {
		fill = "0"
	}
	switch align {
	case '<':
		return rt.padded(fill, 0, s, n)
	case '^':
		return rt.padded(fill, n/2, s, n-n/2)
	case '=':
		head := numberHead(s)
		return s[:head] + rt.padded(fill, n, s[head:], 0)
	}
	return rt.padded(fill, n, s, 0)
}

// group puts separators between the digits before the point.
func group(s string, sep byte, every int) string {
	if sep == 0 {
		return s
	}
	end := len(s)
	if i := strings.IndexAny(s, ".e%"); i >= 0 {
		end = i
	}
	var b strings.Builder
	for i := 0; i < end; i++ {
		if i > 0 && (end-i)%every == 0 {
			b.WriteByte(sep)
		}
		b.WriteByte(s[i])
	}
	return b.String() + s[end:]
}
