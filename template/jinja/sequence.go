package jinja

// add is "+" of sequences.
func (rt *state) add(a, b Value) Value {
	switch x := a.(type) {
	case string:
		switch y := b.(type) {
		case string:
			rt.charge(len(x) + len(y))
			return x + y
		case Markup:
			return Markup(escapeText(x)) + y
		}
		raise("TypeError", "can only concatenate str (not \"%s\") to str", typeName(b))
	case Markup:
		if _, ok := asString(b); ok {
			s := rt.escape(b)
			rt.charge(len(x) + len(s))
			return x + Markup(s)
		}
	case *List:
		y, ok := b.(*List)
		if !ok {
			raise("TypeError", "can only concatenate list (not \"%s\") to list", typeName(b))
		}
		rt.charge(16 * (len(x.Items) + len(y.Items)))
		return newList(append(append([]Value(nil), x.Items...), y.Items...))
	case *Tuple:
		y, ok := b.(*Tuple)
		if !ok {
			raise("TypeError", "can only concatenate tuple (not \"%s\") to tuple", typeName(b))
		}
		rt.charge(16 * (len(x.Items) + len(y.Items)))
		return newTuple(append(append([]Value(nil), x.Items...), y.Items...)...)
	}
	badOperands(tAdd, a, b)
	return nil
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
	case *Tuple:
		return newTuple(rt.repeatItems(s.Items, times)...)
	}
	badOperands(tMul, seq, count)
	return nil
}

func (rt *state) repeatText(s string, times int) string {
	rt.chargeProduct(times, len(s))
	if s == "" {
		return ""
	}
	b := make([]byte, 0, len(s)*times)
	for range times {
		b = append(b, s...)
	}
	return string(b)
}

func (rt *state) repeatItems(items []Value, times int) []Value {
	rt.chargeProduct(times, 16*len(items))
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
