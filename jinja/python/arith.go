package python

import (
	"math"
	"math/big"
	"math/bits"
)

// maxIntBits bounds what integer arithmetic may yield.
const maxIntBits = 1 << 18

// asInt returns the value of an int or bool.
func asInt(v Value) (*big.Int, bool) {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	case bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	}
	return nil, false
}

// asFloat returns a number as float64.
func asFloat(v Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		if math.IsInf(f, 0) {
			Raise("OverflowError", "int too large to convert to float")
		}
		return f, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// Binary is an arithmetic operator, as it is written.
func (rt *Runtime) Binary(op string, a, b Value) Value {
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			if v := smallArith(op, x, y); v != nil {
				return v
			}
		}
	}
	rt.CheckUndefined(a)
	if text, ok := Text(a); ok && op == "%" {
		return rt.FormatPercent(a, text, b)
	}
	rt.CheckUndefined(b)
	x, isNumber := asNumber(a)
	y, isNumberToo := asNumber(b)
	switch {
	case isNumber && isNumberToo:
		return rt.numeric(op, x, y)
	case op == "+" && !isDated(a):
		return rt.add(a, b)
	case op == "*" && isNumber:
		return rt.repeat(b, a)
	case op == "*" && isNumberToo:
		return rt.repeat(a, b)
	}
	if v, ok := a.(*dictView); ok && op == "-" {
		return rt.subtractView(v, b)
	}
	if v := dateArith(op, a, b); v != nil {
		return v
	}
	badOperands(op, a, b)
	return nil
}

func badOperands(op string, a, b Value) {
	if op == "**" {
		op = "** or pow()"
	}
	Raise("TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(a), typeName(b))
}

// CheckUndefined raises the error of a value that is undefined.
func (rt *Runtime) CheckUndefined(v Value) {
	if u, ok := v.(*Undefined); ok {
		rt.Program.Undefined(u)
	}
}

// asNumber returns ints as *big.Int and floats as float64.
func asNumber(v Value) (any, bool) {
	if f, ok := v.(float64); ok {
		return f, true
	}
	n, ok := asInt(v)
	return n, ok
}

// smallArith does what stays within int64; nil otherwise.
func smallArith(op string, x, y int64) Value {
	switch op {
	case "+":
		if s := x + y; (s > x) == (y > 0) {
			return s
		}
	case "-":
		if s := x - y; (s < x) == (y > 0) {
			return s
		}
	case "*":
		hi, lo := bits.Mul64(uint64(max(x, -x)), uint64(max(y, -y)))
		if x != math.MinInt64 && y != math.MinInt64 && hi == 0 && lo < 1<<63 {
			return x * y
		}
	case "//":
		if y > 0 {
			return (x - mod(x, y)) / y
		}
	case "%":
		if y > 0 {
			return mod(x, y)
		}
	}
	return nil
}

func mod(x, y int64) int64 {
	m := x % y
	if m < 0 {
		m += y
	}
	return m
}

func (rt *Runtime) numeric(op string, a, b any) Value {
	x, isInt := a.(*big.Int)
	y, isIntToo := b.(*big.Int)
	if isInt && isIntToo {
		return rt.integers(op, x, y)
	}
	f, _ := asFloat(a)
	g, _ := asFloat(b)
	return floats(op, f, g)
}

func (rt *Runtime) integers(op string, x, y *big.Int) Value {
	z := new(big.Int)
	switch op {
	case "+":
		z.Add(x, y)
	case "-":
		z.Sub(x, y)
	case "*":
		checkBits(x.BitLen() + y.BitLen())
		z.Mul(x, y)
	case "/":
		return divide(x, y)
	case "//", "%":
		if y.Sign() == 0 {
			Raise("ZeroDivisionError", "integer division or modulo by zero")
		}
		m := new(big.Int)
		z.QuoRem(x, y, m)
		if m.Sign() != 0 && m.Sign() != y.Sign() {
			z.Sub(z, big.NewInt(1))
			m.Add(m, y)
		}
		if op == "%" {
			z = m
		}
	case "**":
		return power(x, y)
	}
	checkBits(z.BitLen())
	rt.Charge(16 + z.BitLen()/8)
	return normInt(z)
}

func checkBits(n int) {
	if n > maxIntBits {
		Raise(LimitError, "integer has more than %d bits", maxIntBits)
	}
}

// divide is the true division of ints, rounded once.
func divide(x, y *big.Int) Value {
	if y.Sign() == 0 {
		Raise("ZeroDivisionError", "division by zero")
	}
	if x.Sign() == 0 && y.Sign() < 0 {
		return math.Copysign(0, -1)
	}
	f, _ := new(big.Rat).SetFrac(x, y).Float64()
	if math.IsInf(f, 0) {
		Raise("OverflowError", "integer division result too large for a float")
	}
	return f
}

func power(x, y *big.Int) Value {
	if y.Sign() < 0 {
		if x.Sign() == 0 {
			Raise("ZeroDivisionError", "0.0 cannot be raised to a negative power")
		}
		f, _ := asFloat(x)
		g, _ := asFloat(y)
		return pow(f, g)
	}
	if x.BitLen() > 1 {
		if !y.IsInt64() || y.Int64() > maxIntBits {
			checkBits(maxIntBits + 1)
		}
		checkBits((x.BitLen() - 1) * int(y.Int64()))
	} else if x.Sign() < 0 { // -1
		if y.Bit(0) == 0 {
			return int64(1)
		}
		return int64(-1)
	} else if x.Sign() == 0 && y.Sign() > 0 {
		return int64(0)
	} else {
		return int64(1)
	}
	return normInt(new(big.Int).Exp(x, y, nil))
}

func floats(op string, f, g float64) Value {
	switch op {
	case "+":
		return f + g
	case "-":
		return f - g
	case "*":
		return f * g
	case "/":
		if g == 0 {
			Raise("ZeroDivisionError", "float division by zero")
		}
		return f / g
	case "//":
		if g == 0 {
			Raise("ZeroDivisionError", "float floor division by zero")
		}
		return floorDiv(f, g)
	case "%":
		if g == 0 {
			Raise("ZeroDivisionError", "float modulo")
		}
		return floatMod(f, g)
	}
	return floatPower(f, g)
}

func floatMod(f, g float64) float64 {
	m := math.Mod(f, g)
	if m != 0 && (m < 0) != (g < 0) {
		return m + g
	}
	if m == 0 {
		return math.Copysign(0, g)
	}
	return m
}

func floorDiv(f, g float64) float64 {
	q := (f - floatMod(f, g)) / g
	if q == 0 {
		return math.Copysign(0, f/g)
	}
	floor := math.Floor(q)
	if q-floor > 0.5 {
		floor++
	}
	return floor
}

func floatPower(f, g float64) Value {
	if f == 0 && g < 0 {
		Raise("ZeroDivisionError", "0.0 cannot be raised to a negative power")
	}
	if f < 0 && g != math.Trunc(g) && !math.IsInf(f, 0) && !math.IsInf(g, 0) {
		Raise("ValueError", "complex numbers are not supported")
	}
	r := pow(f, g)
	if math.IsInf(r, 0) && !math.IsInf(f, 0) && !math.IsInf(g, 0) {
		Raise("OverflowError", "(34, 'Numerical result out of range')")
	}
	return r
}

// Unary is "+" or "-" before a number.
func (rt *Runtime) Unary(op string, v Value) Value {
	rt.CheckUndefined(v)
	if f, ok := v.(float64); ok {
		if op == "-" {
			return -f
		}
		return f
	}
	n, ok := asInt(v)
	if !ok {
		Raise("TypeError", "bad operand type for unary %s: '%s'", op, typeName(v))
	}
	if op == "-" {
		n = new(big.Int).Neg(n)
	}
	return normInt(n)
}

// IsNegative tells numbers that are written with a minus.
func (rt *Runtime) IsNegative(v Value) bool {
	switch v := v.(type) {
	case int64:
		return v < 0
	case *big.Int:
		return v.Sign() < 0
	case float64:
		return math.Signbit(v)
	}
	return false
}
