package python

import (
	"math/big"
)

// Slice is Python's obj[start:stop:step].
func (rt *Runtime) Slice(obj, start, stop, step Value) Value {
	switch v := obj.(type) {
	case *List:
		return NewList(sliceItems(rt, v.Items, start, stop, step))
	case *Tuple:
		return newTuple(sliceItems(rt, v.Items, start, stop, step)...)
	case string:
		return rt.SliceText(v, start, stop, step)
	case Markup:
		return Markup(rt.SliceText(string(v), start, stop, step))
	case bytesValue:
		rt.ChargeProduct(2, len(v))
		var part []byte
		from, to, by := sliceBounds(len(v), start, stop, step)
		for i := from; by > 0 && i < to || by < 0 && i > to; i += by {
			part = append(part, v[i])
		}
		return bytesValue(part)
	case *rangeValue:
		from, to, by := sliceBounds(int(v.length()), start, stop, step)
		return &rangeValue{v.start + int64(from)*v.step, v.start + int64(to)*v.step, v.step * int64(by)}
	case *Undefined:
		rt.Program.Undefined(v)
	case *Dict:
		Raise("TypeError", "unhashable type: 'slice'")
	}
	Raise("TypeError", "%s object is not subscriptable", Quote(typeName(obj)))
	return nil
}

func sliceItems(rt *Runtime, items []Value, start, stop, step Value) []Value {
	from, to, by := sliceBounds(len(items), start, stop, step)
	n := 0
	for i := from; by > 0 && i < to || by < 0 && i > to; i += by {
		n++
	}
	rt.ChargeProduct(n, itemSize)
	out := make([]Value, 0, n)
	for i := from; by > 0 && i < to || by < 0 && i > to; i += by {
		out = append(out, items[i])
	}
	return out
}

// SliceText is sliceString that charges for what it makes.
func (rt *Runtime) SliceText(s string, start, stop, step Value) string {
	if step != None {
		rt.chargeText(s)
	}
	return sliceString(s, start, stop, step)
}

// sliceString makes something only where the step is not 1.
func sliceString(s string, start, stop, step Value) string {
	if isASCII(s) {
		from, to, by := sliceBounds(len(s), start, stop, step)
		if by == 1 {
			return s[from:max(from, to)]
		}
		b := make([]byte, 0, len(s))
		for i := from; by > 0 && i < to || by < 0 && i > to; i += by {
			b = append(b, s[i])
		}
		return string(b)
	}
	from, to, by := sliceBounds(runeCount(s), start, stop, step)
	if by == 1 {
		s = s[runeOffset(s, from):]
		return s[:runeOffset(s, max(to-from, 0))]
	}
	runes := []rune(s)
	b := make([]rune, 0, len(runes))
	for i := from; by > 0 && i < to || by < 0 && i > to; i += by {
		b = append(b, runes[i])
	}
	return string(b)
}

// runeOffset is where character n of s begins.
func runeOffset(s string, n int) int {
	for i := range s {
		if n--; n < 0 {
			return i
		}
	}
	return len(s)
}

// sliceBounds is slice.indices of Python.
func sliceBounds(n int, start, stop, step Value) (from, to, by int) {
	by = sliceIndex(step, 1)
	if by == 0 {
		Raise("ValueError", "slice step cannot be zero")
	}
	low, high := 0, n
	if by < 0 {
		low, high = -1, n-1
	}
	bound := func(v Value, byDefault int) int {
		i := sliceIndex(v, byDefault)
		if v != None && i < 0 {
			i = max(i+n, low)
		}
		return min(i, high)
	}
	if by < 0 {
		from, to = bound(start, high), bound(stop, low)
	} else {
		from, to = bound(start, low), bound(stop, high)
	}
	if by > n+1 {
		by = n + 1
	} else if by < -n-1 {
		by = -n - 1
	}
	return from, to, by
}

func sliceIndex(v Value, byDefault int) int {
	switch v := v.(type) {
	case noneType:
		return byDefault
	case *big.Int:
		if v.Sign() < 0 {
			return -1 << 60
		}
		return 1 << 60
	}
	i, ok := smallInt(v)
	if !ok {
		Raise("TypeError", "slice indices must be integers or None or have an __index__ method")
	}
	return max(min(i, 1<<60), -1<<60)
}
