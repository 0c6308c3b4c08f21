package python

import (
	"math"
	"math/big"
	"strings"
)

// formatValue is Python's format(v, spec).
func (rt *Runtime) formatValue(v Value, spec string) string {
	if spec == "" {
		return rt.Str(v)
	}
	switch v := v.(type) {
	case string:
		return rt.formatText(v, spec)
	case Markup:
		Raise("ValueError", "Format specifier %s given, but Markup object does not define __html_format__.", spec)
	case int64, *big.Int, bool:
		n, _ := asInt(v)
		f := rt.parseSpec(spec, typeName(v))
		if f.verb != 0 && strings.IndexByte("eEfFgG%", f.verb) >= 0 {
			x, _ := asFloat(v)
			return rt.formatReal(x, &f)
		}
		return rt.formatInt(n, &f, typeName(v))
	case float64:
		f := rt.parseSpec(spec, "float")
		return rt.formatReal(v, &f)
	case *dateValue:
		return rt.strftime(v, spec)
	case *Undefined:
		rt.Program.Undefined(v)
	}
	Raise("TypeError", "unsupported format string passed to %s.__format__", typeName(v))
	return ""
}

func (rt *Runtime) formatText(s, spec string) string {
	f := rt.parseSpec(spec, "str")
	switch {
	case f.verb != 0 && f.verb != 's':
		f.unknown("str")
	case f.sign != 0:
		Raise("ValueError", "Sign not allowed in string format specifier")
	case f.alt:
		Raise("ValueError", "Alternate form (#) not allowed in string format specifier")
	case f.align == '=':
		Raise("ValueError", "'=' alignment not allowed in string format specifier")
	case f.grouping != 0:
		Raise("ValueError", "Cannot specify '%c' with 's'.", f.grouping)
	}
	if f.precision >= 0 {
		s = sliceString(s, None, int64(f.precision), None)
	}
	return f.pad(rt, s, '<')
}

func (rt *Runtime) formatInt(n *big.Int, f *formatSpec, typ string) string {
	if f.precision >= 0 {
		Raise("ValueError", "Precision not allowed in integer format specifier")
	}
	base, prefix, every := 10, "", 3
	switch f.verb {
	case 0, 'd', 'n':
		scalarText(normInt(n))
	case 'b':
		base, prefix, every = 2, "0b", 4
	case 'o':
		base, prefix, every = 8, "0o", 4
	case 'x', 'X':
		base, prefix, every = 16, "0x", 4
	case 'c':
		if f.sign != 0 {
			Raise("ValueError", "Sign not allowed with integer format specifier 'c'")
		}
		if !n.IsInt64() || n.Sign() < 0 || n.Int64() > 0x10ffff {
			Raise("OverflowError", "%%c arg not in range(0x110000)")
		}
		return f.pad(rt, string(rune(n.Int64())), '>')
	default:
		f.unknown(typ)
	}
	if base != 10 && f.grouping == ',' {
		Raise("ValueError", "Cannot specify ',' with '%c'.", f.verb)
	}
	digits := new(big.Int).Abs(n).Text(base)
	if !f.alt {
		prefix = ""
	}
	if f.verb == 'X' {
		digits, prefix = strings.ToUpper(digits), strings.ToUpper(prefix)
	}
	return f.number(rt, signText(n.Sign() < 0, f.sign)+prefix, digits, every)
}

func signText(negative bool, sign byte) string {
	switch {
	case negative:
		return "-"
	case sign == '+' || sign == ' ':
		return string(sign)
	}
	return ""
}

// number joins sign and digits; zeros that fill the width take separators too.
func (f *formatSpec) number(rt *Runtime, head, digits string, every int) string {
	if f.grouping != 0 {
		fillZero := f.zero && f.align == 0 || f.align == '=' && f.fill == "0"
		grouped := group(digits, f.grouping, every)
		for fillZero && len(head)+len(grouped) < f.width {
			digits = "0" + digits
			rt.Charge(len(digits))
			next := group(digits, f.grouping, every)
			if len(head)+len(next) > f.width && len(next) > len(grouped)+1 {
				grouped = next
				break
			}
			grouped = next
		}
		digits = grouped
	}
	align := byte('>')
	if f.zero && f.align == 0 {
		align = '='
	}
	return f.pad(rt, head+digits, align)
}

func (rt *Runtime) formatReal(x float64, f *formatSpec) string {
	verb, precision := f.verb, f.precision
	var digits string
	a := math.Abs(x)
	switch verb {
	case 0:
		digits = plainReal(a, precision)
	case 'e', 'E', 'f', 'F', 'g', 'G', 'n', '%':
		if precision < 0 {
			precision = 6
		}
		suffix := ""
		switch verb {
		case 'n':
			verb = 'g'
		case '%':
			verb, suffix = 'f', "%"
			a *= 100
		}
		digits = formatFloat(a, verb, precision, f.alt) + suffix
	default:
		f.unknown("float")
	}
	negative := math.Signbit(x) && !math.IsNaN(x)
	if f.zeroNeg && strings.Trim(digits, "0.%") == "" {
		negative = false
	}
	return f.number(rt, signText(negative, f.sign), digits, 3)
}

// plainReal formats without a conversion: repr, or "g" that keeps a digit
// after the point.
func plainReal(a float64, precision int) string {
	if precision < 0 {
		return Float(a)
	}
	s := formatFloat(a, 'g', precision, false)
	exponentAt := strings.IndexByte(s, 'e')
	if exponentAt < 0 && !strings.Contains(s, ".") && !math.IsInf(a, 0) && !math.IsNaN(a) {
		// One digit fewer than "g" may stand before the point.
		if len(s) >= max(precision, 1) {
			return formatFloat(a, 'e', max(precision, 1)-1, false)
		}
		s += ".0"
	}
	return s
}
