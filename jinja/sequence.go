package jinja

import "strings"

// add is "+" of sequences.
func (rt *state) add(a, b Value) Value {
	switch x := a.(type) {
	case string:
		switch y := b.(type) {
		case string:
			rt.charge(len(x) + len(y))
			return x + y
		case Markup:
			left := rt.escapeText(x)
			rt.charge(len(left) + len(y))
			return Markup(left) + y
		}
		raise("TypeError", "can only concatenate str (not \"%s\") to str", typeName(b))
	case Markup:
		if _, ok := asString(b); ok {
			s := rt.escape(b)
			rt.charge(len(x) + len(s))
			return x + Markup(s)
		}
	case bytesValue:
		y, ok := b.(bytesValue)
		if !ok {
			raise("TypeError", "can't concat %s to bytes", typeName(b))
		}
		rt.charge(len(x) + len(y))
		return x + y
	case *List:
		y, ok := b.(*List)
		if !ok {
			raise("TypeError", "can only concatenate list (not \"%s\") to list", typeName(b))
		}
		return newList(rt.concatItems(x.Items, y.Items))
	case *Tuple:
		y, ok := b.(*Tuple)
		if !ok {
			raise("TypeError", "can only concatenate tuple (not \"%s\") to tuple", typeName(b))
		}
		return newTuple(rt.concatItems(x.Items, y.Items)...)
	}
	badOperands(tAdd, a, b)
	return nil
}

func (rt *state) concatItems(x, y []Value) []Value {
	rt.charge(itemSize * (len(x) + len(y)))
	return append(append(make([]Value, 0, len(x)+len(y)), x...), y...)
}

// repeat is "*" of a sequence and a number.
func (rt *state) repeat(seq, count Value) Value {
	n, isInt := asInt(count)
	_, isFloat := count.(float64)
	switch seq.(type) {
	case string, Markup, *List, *Tuple:
		if isFloat {
			raise("TypeError", "can't multiply sequence by non-int of type 'float'")
		}
	}
	if !isInt {
		badOperands(tMul, seq, count)
	}
	times := 0
	if n.Sign() > 0 {
		times = rt.limits.Memory + 1
		if n.IsInt64() && n.Int64() < int64(times) {
			times = int(n.Int64())
		}
	}
	switch s := seq.(type) {
	case string:
		return rt.repeatText(s, times)
	case Markup:
		return Markup(rt.repeatText(string(s), times))
	case *List:
		return newList(rt.repeatItems(s.Items, times))
	case bytesValue:
		return bytesValue(rt.repeatText(string(s), times))
	case *Tuple:
		return newTuple(rt.repeatItems(s.Items, times)...)
	}
	badOperands(tMul, seq, count)
	return nil
}

func (rt *state) repeatText(s string, times int) string {
	rt.chargeProduct(times, len(s))
	return strings.Repeat(s, max(times, 0))
}

func (rt *state) repeatItems(items []Value, times int) []Value {
	rt.chargeProduct(times, itemSize*len(items))
	if len(items) == 0 {
		return nil
	}
	out := make([]Value, 0, len(items)*times)
	for range times {
		out = append(out, items...)
	}
	return out
}

// subtractView is "-" of dict keys or items: what is not in b. Python gives a
// set; the result here is a list.
func (rt *state) subtractView(v *dictView, b Value) Value {
	raise("TypeError", "sets are not supported: %s - %s", v.kind, typeName(b))
	return nil
}
