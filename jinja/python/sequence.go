package python

import (
	"slices"
	"strings"
)

// add is "+" of sequences.
func (rt *Runtime) add(a, b Value) Value {
	switch x := a.(type) {
	case string:
		switch y := b.(type) {
		case string:
			rt.Charge(len(x) + len(y))
			return x + y
		case Markup:
			left := rt.EscapeText(x)
			rt.Charge(len(left) + len(y))
			return Markup(left) + y
		}
		Raise("TypeError", "can only concatenate str (not \"%s\") to str", typeName(b))
	case Markup:
		if _, ok := Text(b); ok {
			s := rt.Escape(b)
			rt.Charge(len(x) + len(s))
			return x + Markup(s)
		}
	case bytesValue:
		y, ok := b.(bytesValue)
		if !ok {
			Raise("TypeError", "can't concat %s to bytes", typeName(b))
		}
		rt.Charge(len(x) + len(y))
		return x + y
	case *List:
		y, ok := b.(*List)
		if !ok {
			Raise("TypeError", "can only concatenate list (not \"%s\") to list", typeName(b))
		}
		return NewList(rt.ConcatItems(x.Items, y.Items))
	case *Tuple:
		y, ok := b.(*Tuple)
		if !ok {
			Raise("TypeError", "can only concatenate tuple (not \"%s\") to tuple", typeName(b))
		}
		return newTuple(rt.ConcatItems(x.Items, y.Items)...)
	}
	badOperands("+", a, b)
	return nil
}

// ConcatItems is x + y as a slice of its own.
func (rt *Runtime) ConcatItems(x, y []Value) []Value {
	rt.Charge(itemSize * (len(x) + len(y)))
	return append(append(make([]Value, 0, len(x)+len(y)), x...), y...)
}

// repeat is "*" of a sequence and a number.
func (rt *Runtime) repeat(seq, count Value) Value {
	n, isInt := asInt(count)
	_, isFloat := count.(float64)
	switch seq.(type) {
	case string, Markup, *List, *Tuple:
		if isFloat {
			Raise("TypeError", "can't multiply sequence by non-int of type 'float'")
		}
	}
	if !isInt {
		badOperands("*", seq, count)
	}
	times := 0
	if n.Sign() > 0 {
		times = rt.Limits.Memory + 1
		if n.IsInt64() && n.Int64() < int64(times) {
			times = int(n.Int64())
		}
	}
	switch s := seq.(type) {
	case string:
		return rt.RepeatText(s, times)
	case Markup:
		return Markup(rt.RepeatText(string(s), times))
	case *List:
		return NewList(rt.RepeatItems(s.Items, times))
	case bytesValue:
		return bytesValue(rt.RepeatText(string(s), times))
	case *Tuple:
		return newTuple(rt.RepeatItems(s.Items, times)...)
	}
	badOperands("*", seq, count)
	return nil
}

// RepeatText is s * times.
func (rt *Runtime) RepeatText(s string, times int) string {
	rt.ChargeProduct(times, len(s))
	return strings.Repeat(s, max(times, 0))
}

// RepeatItems is items * times.
func (rt *Runtime) RepeatItems(items []Value, times int) []Value {
	rt.ChargeProduct(times, itemSize*len(items))
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
func (rt *Runtime) subtractView(v *dictView, b Value) Value {
	Raise("TypeError", "sets are not supported: %s - %s", v.kind, typeName(b))
	return nil
}

// Reversible lists the items of what Python's reversed accepts.
func (rt *Runtime) Reversible(v Value) ([]Value, bool) {
	switch v := v.(type) {
	case *generator, noneType, bool, int64, float64, *Namespace:
		return nil, false
	case iterable:
	case Object:
		return nil, false
	case *List:
		return v.Items, true
	case *Tuple:
		return v.Items, true
	}
	return rt.ToSlice(v), true
}

// Reverse is a text from its end, or reversed(v).
func (rt *Runtime) Reverse(v Value) Value {
	if s, ok := Text(v); ok {
		rt.chargeText(s)
		text := sliceString(s, None, None, int64(-1))
		if _, isMarkup := v.(Markup); isMarkup {
			return Markup(text)
		}
		return text
	}
	items, ok := rt.Reversible(v)
	if !ok {
		if rt.Iterator(v) == nil {
			Raise("FilterArgumentError", "argument must be iterable")
		}
		rest := rt.ToSlice(v)
		slices.Reverse(rest)
		return NewList(rest)
	}
	i := len(items)
	return &generator{func() (Value, bool) {
		if i == 0 {
			return nil, false
		}
		i--
		return items[i], true
	}, "list_reverseiterator"}
}

// IsSequence tells what has a length and items by number.
func (rt *Runtime) IsSequence(v Value) bool {
	switch v := v.(type) {
	case string, bytesValue, Markup, *List, *Tuple, *Dict, *rangeValue:
		return true
	case *Undefined:
		return rt.IsLenient(v)
	}
	return false
}
