package python

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// ToInt is int(v, base), else int(float(v)), else the default.
func (rt *Runtime) ToInt(v, byDefault, inBase Value) Value {
	base, ok := smallInt(inBase)
	if !ok {
		base = -1 // no int has it: the default comes
	}
	rt.CheckUndefined(v)
	if s, ok := Text(v); ok {
		if n := parseInt(s, base); n != nil {
			return normInt(n)
		}
		f, ok := parseFloat(s)
		if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
			return byDefault
		}
		return normInt(truncate(f))
	}
	if f, ok := v.(float64); ok {
		if math.IsNaN(f) {
			return byDefault
		}
		return normInt(truncate(f))
	}
	if n, ok := asInt(v); ok {
		return normInt(n)
	}
	return byDefault
}

// parseInt is int(s, base); nil where it raises ValueError.
func parseInt(s string, base int) *big.Int {
	s = asciiDigits(strings.TrimFunc(s, IsSpace))
	if base != 0 && (base < 2 || base > 36) {
		return nil
	}
	sign := ""
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign, s = s[:1], s[1:]
	}
	if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
		return nil
	}
	prefixes := map[int]string{2: "0b", 8: "0o", 16: "0x"}
	if base == 0 {
		base = 10
		for b, p := range prefixes {
			if len(s) > 2 && strings.EqualFold(s[:2], p) {
				base = b
			}
		}
		if base == 10 && len(s) > 1 && s[0] == '0' && strings.Trim(s, "0_") != "" {
			return nil
		}
	}
	if p := prefixes[base]; p != "" && len(s) > 2 && strings.EqualFold(s[:2], p) {
		s = strings.TrimPrefix(s[2:], "_")
	}
	if s == "" || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return nil
	}
	s = strings.ReplaceAll(s, "_", "")
	if base&(base-1) != 0 && len(s) > MaxIntDigits {
		return nil
	}
	n, ok := new(big.Int).SetString(sign+s, base)
	if !ok {
		return nil
	}
	return n
}

// ToFloat is float(v); ok is false where it raises ValueError or TypeError.
func (rt *Runtime) ToFloat(v Value) (float64, bool) {
	rt.CheckUndefined(v)
	if s, ok := Text(v); ok {
		return parseFloat(s)
	}
	return asFloat(v)
}

func parseFloat(s string) (float64, bool) {
	s = asciiDigits(strings.TrimFunc(s, IsSpace))
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") ||
		strings.Contains(s, "_.") || strings.Contains(s, "._") || strings.ContainsAny(s, "xXpP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// Round is Jinja2's round; the method "common" is round(v, precision).
func (rt *Runtime) Round(v, precision, method Value) Value {
	how, _ := Text(method)
	if how != "common" && how != "ceil" && how != "floor" {
		Raise("FilterArgumentError", "method must be common, ceil or floor")
	}
	rt.CheckUndefined(v)
	if _, ok := asNumber(v); !ok {
		Raise("TypeError", "type %s doesn't define __round__ method", typeName(v))
	}
	digits := rt.IntArg(precision)
	if digits > maxPrecision || digits < -maxPrecision {
		Raise("OverflowError", "precision is too big")
	}
	if how == "common" {
		return roundHalfEven(v, digits)
	}
	scale := rt.Binary("**", int64(10), precision)
	f, _ := asFloat(rt.Binary("*", v, scale))
	n := truncate(f)
	if g := math.Floor(f); how == "floor" {
		n = truncate(g)
	} else {
		n = truncate(math.Ceil(f))
	}
	return rt.Binary("/", normInt(n), scale)
}

// roundHalfEven is Python's round(v, digits).
func roundHalfEven(v Value, digits int) Value {
	if f, ok := v.(float64); ok {
		if math.IsInf(f, 0) || math.IsNaN(f) || digits > 340 {
			return f
		}
		if digits >= 0 {
			r, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), 64)
			return r
		}
		if digits < -320 {
			return math.Copysign(0, f)
		}
		n := roundRat(new(big.Rat).SetFloat64(f), -digits)
		r, _ := new(big.Float).SetInt(n).Float64()
		return math.Copysign(r, f)
	}
	n, _ := asInt(v)
	if digits >= 0 {
		return normInt(n)
	}
	if -digits > len(n.Text(10))+1 {
		return int64(0)
	}
	return normInt(roundRat(new(big.Rat).SetInt(n), -digits))
}

// roundRat rounds to a multiple of 10**zeros, halves to even.
func roundRat(x *big.Rat, zeros int) *big.Int {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(zeros)), nil)
	x.Quo(x, new(big.Rat).SetInt(unit))
	num, den := x.Num(), x.Denom()
	q, m := new(big.Int).DivMod(num, den, new(big.Int)) // floor, as den > 0
	twice := new(big.Int).Lsh(m, 1)
	if c := twice.Cmp(den); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	return q.Mul(q, unit)
}

// FileSize is a number of bytes as people read it.
func (rt *Runtime) FileSize(v Value, binary bool) string {
	bytes, ok := rt.ToFloat(v)
	if !ok {
		kind := Kind("TypeError")
		if _, isText := Text(v); isText {
			kind = "ValueError"
		}
		Raise(kind, "could not convert %s to float", rt.repr(v))
	}
	base, suffix := 1000.0, "B"
	prefixes := []string{"k", "M", "G", "T", "P", "E", "Z", "Y"}
	if binary {
		base, suffix = 1024, "iB"
		prefixes[0] = "K"
	}
	if bytes == 1 {
		return "1 Byte"
	}
	if bytes < base {
		return truncate(bytes).String() + " Bytes"
	}
	unit := base
	for i, p := range prefixes {
		unit *= base
		if bytes < unit || i == len(prefixes)-1 {
			return formatFloat(base*bytes/unit, 'f', 1, false) + " " + p + suffix
		}
	}
	return ""
}

// Abs is abs(v).
func (rt *Runtime) Abs(v Value) Value {
	if f, ok := v.(float64); ok {
		return math.Abs(f)
	}
	rt.CheckUndefined(v)
	n, ok := asInt(v)
	if !ok {
		Raise("TypeError", "bad operand type for abs(): '%s'", typeName(v))
	}
	if n.Sign() < 0 {
		return rt.Unary("-", v)
	}
	return normInt(n)
}
