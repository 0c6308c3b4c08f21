package python

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

var intMethods = map[string]*Builtin{
	"bit_length": Define("bit_length", "self, /", func(_ *Runtime, a []Value) Value {
		n, _ := asInt(a[0])
		return int64(n.BitLen())
	}),
	"conjugate": Define("conjugate", "self, /", func(_ *Runtime, a []Value) Value {
		n, _ := asInt(a[0])
		return normInt(n)
	}),
	"as_integer_ratio": Define("as_integer_ratio", "self, /", func(_ *Runtime, a []Value) Value {
		n, _ := asInt(a[0])
		return newTuple(normInt(n), int64(1))
	}),
	"to_bytes": Define("to_bytes", "self, length=1, byteorder='big', *, signed=False", func(rt *Runtime, a []Value) Value {
		n, _ := asInt(a[0])
		return rt.intBytes(n, rt.IntArg(a[1]), byteOrder(a[2]), rt.IsTrue(a[3]))
	}),
	"from_bytes": Define("from_bytes", "self, bytes, byteorder='big', *, signed=False", func(rt *Runtime, a []Value) Value {
		b := []byte(bytesArg(a[1]))
		if byteOrder(a[2]) {
			slices.Reverse(b)
		}
		checkBits(8 * len(b))
		n := new(big.Int).SetBytes(b)
		if rt.IsTrue(a[3]) && len(b) > 0 && b[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		return normInt(n)
	}),
	"bit_count": Define("bit_count", "self, /", func(_ *Runtime, a []Value) Value {
		n, _ := asInt(a[0])
		count := int64(0)
		for i := range n.BitLen() {
			count += int64(new(big.Int).Abs(n).Bit(i))
		}
		return count
	}),
}

var floatMethods = map[string]*Builtin{
	"is_integer": Define("is_integer", "self, /", func(_ *Runtime, a []Value) Value {
		f := a[0].(float64)
		return f == float64(int64(f)) || f > 1<<53 || f < -1<<53
	}),
	"conjugate": Define("conjugate", "self, /", func(_ *Runtime, a []Value) Value { return a[0] }),
	"hex":       Define("hex", "self, /", func(_ *Runtime, a []Value) Value { return hexFloat(a[0].(float64)) }),
	"fromhex": Define("fromhex", "self, string, /", func(_ *Runtime, a []Value) Value {
		return parseHexFloat(textArg(a[1], "fromhex() argument"))
	}),
	"as_integer_ratio": Define("as_integer_ratio", "self, /", func(_ *Runtime, a []Value) Value {
		f := a[0].(float64)
		if math.IsNaN(f) {
			Raise("ValueError", "cannot convert NaN to integer ratio")
		}
		if math.IsInf(f, 0) {
			Raise("OverflowError", "cannot convert Infinity to integer ratio")
		}
		r := new(big.Rat)
		r.SetFloat64(f)
		return newTuple(normInt(r.Num()), normInt(r.Denom()))
	}),
}

// byteOrder says whether the lowest byte is first.
func byteOrder(v Value) bool {
	switch order := textArg(v, "byteorder"); order {
	case "little":
		return true
	case "big":
		return false
	}
	Raise("ValueError", "byteorder must be either 'little' or 'big'")
	return false
}

func (rt *Runtime) intBytes(n *big.Int, length int, little, signed bool) Value {
	switch {
	case length < 0:
		Raise("ValueError", "length argument must be non-negative")
	case n.Sign() < 0 && !signed:
		Raise("OverflowError", "can't convert negative int to unsigned")
	}
	rt.ChargeProduct(2, length)
	bits := n.BitLen()
	if signed {
		bits++
		if n.Sign() < 0 {
			bits = new(big.Int).Not(n).BitLen() + 1
		}
	}
	if length < (bits+7)/8 && (n.Sign() != 0 || length < 0) {
		Raise("OverflowError", "int too big to convert")
	}
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*length)))
	}
	b := n.FillBytes(make([]byte, length))
	if little {
		slices.Reverse(b)
	}
	return bytesValue(b)
}

// hexFloat is float.hex: always 13 digits after the point.
func hexFloat(f float64) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return Float(f)
	case f == 0:
		return strings.Replace(strconv.FormatFloat(f, 'f', 1, 64), "0.0", "0x0.0p+0", 1)
	}
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	const point = 52
	bits := math.Float64bits(f)
	exponent, lead := int(bits>>point)-1023, 1
	if bits>>point == 0 {
		exponent, lead = -1022, 0
	}
	return sprintf("%s0x%d.%013xp%+d", sign, lead, bits&(1<<point-1), exponent)
}

// parseHexFloat is float.fromhex.
func parseHexFloat(s string) float64 {
	text := strings.ToLower(strings.TrimFunc(s, IsSpace))
	digits := strings.TrimLeft(text, "+-")
	sign := text[:len(text)-len(digits)]
	switch digits {
	case "inf", "infinity", "nan":
		f, _ := strconv.ParseFloat(text, 64)
		return f
	}
	digits = strings.TrimPrefix(digits, "0x")
	if !strings.Contains(digits, "p") {
		digits += "p0"
	}
	f, err := strconv.ParseFloat(sign+"0x"+digits, 64)
	if errors.Is(err, strconv.ErrRange) {
		Raise("OverflowError", "hexadecimal value too large to represent as a float")
	}
	if err != nil || len(sign) > 1 || strings.Contains(digits, "_") {
		Raise("ValueError", "invalid hexadecimal floating-point string")
	}
	return f
}
