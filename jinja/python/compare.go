package python

import (
	"cmp"
	"math"
	"math/big"
	"strings"
)

// Compare is a comparison operator, as it is written.
func (rt *Runtime) Compare(op string, a, b Value) bool {
	switch op {
	case "==":
		return rt.Equal(a, b)
	case "!=":
		return !rt.Equal(a, b)
	case "in":
		return rt.Contains(b, a)
	case "not in":
		return !rt.Contains(b, a)
	}
	n, ok := rt.order(a, b, op)
	if !ok {
		return false // not a number
	}
	switch op {
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	}
	return n >= 0
}

// Equal is Python's "==".
func (rt *Runtime) Equal(a, b Value) bool {
	switch x := a.(type) {
	case string:
		y, ok := Text(b)
		if ok {
			return x == y
		}
	case Markup:
		y, ok := Text(b)
		if ok {
			return string(x) == y
		}
	case int64:
		if y, ok := b.(int64); ok {
			return x == y
		}
	case *Undefined:
		return rt.equalUndefined(x, b)
	}
	if y, ok := b.(*Undefined); ok {
		return rt.equalUndefined(y, a)
	}
	if n, ok := compareNumbers(a, b); ok {
		return n == 0
	}
	return rt.equalObjects(a, b)
}

func (rt *Runtime) equalUndefined(u *Undefined, other Value) bool {
	if !rt.IsLenient(u) {
		rt.Program.Undefined(u)
	}
	_, ok := other.(*Undefined)
	return ok
}

func (rt *Runtime) equalObjects(a, b Value) bool {
	switch x := a.(type) {
	case *List:
		if y, ok := b.(*List); ok {
			return x == y || rt.equalItems(x.Items, y.Items)
		}
		return false
	case *Tuple:
		if y, ok := b.(*Tuple); ok {
			return x == y || rt.equalItems(x.Items, y.Items)
		}
		return false
	case *Dict:
		if y, ok := b.(*Dict); ok {
			return x == y || rt.equalDicts(x, y)
		}
		return false
	case *rangeValue:
		if y, ok := b.(*rangeValue); ok {
			n := x.length()
			return n == y.length() && (n == 0 || x.start == y.start && (n == 1 || x.step == y.step))
		}
		return false
	case *dictView:
		if y, ok := b.(*dictView); ok && x.kind == y.kind && x.kind != "dict_values" {
			return rt.equalViews(x, y)
		}
		return a == b
	case string, Markup, float64, bool, int64, *big.Int:
		return false
	case *dateValue:
		y, ok := b.(*dateValue)
		return ok && x.hash() == y.hash()
	}
	return a == b
}

func (rt *Runtime) equalItems(x, y []Value) bool {
	if len(x) != len(y) {
		return false
	}
	rt.Push()
	rt.Charge(len(x))
	defer rt.Pop()
	for i := range x {
		if !rt.Same(x[i], y[i]) && !rt.Equal(x[i], y[i]) {
			return false
		}
	}
	return true
}

func (rt *Runtime) equalDicts(x, y *Dict) bool {
	if x.live != y.live {
		return false
	}
	rt.Push()
	rt.Charge(x.live)
	defer rt.Pop()
	for _, e := range x.entries {
		if e.key == nil {
			continue
		}
		v, ok := y.Get(rt, e.key)
		if !ok || !rt.Same(v, e.value) && !rt.Equal(v, e.value) {
			return false
		}
	}
	return true
}

func (rt *Runtime) equalViews(x, y *dictView) bool {
	if x.dict.live != y.dict.live {
		return false
	}
	for _, e := range x.dict.entries {
		if e.key == nil {
			continue
		}
		v, ok := y.dict.Get(rt, e.key)
		if !ok || x.kind == "dict_items" && !rt.Equal(v, e.value) {
			return false
		}
	}
	return true
}

// Same is Python's "is", as far as values that are not objects have identity.
func (rt *Runtime) Same(a, b Value) bool {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return ok && x == y
	case float64:
		y, ok := b.(float64)
		return ok && math.Float64bits(x) == math.Float64bits(y)
	case *big.Int:
		y, ok := b.(*big.Int)
		return ok && x == y
	case *Undefined:
		return a == b
	}
	return a == b
}

// compareNumbers orders numbers exactly; a NaN is unequal to all (n is 2).
func compareNumbers(a, b Value) (n int, ok bool) {
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y), true
		}
	}
	x, isNumber := asNumber(a)
	y, isNumberToo := asNumber(b)
	if !isNumber || !isNumberToo {
		return 0, false
	}
	i, isInt := x.(*big.Int)
	j, isIntToo := y.(*big.Int)
	switch {
	case isInt && isIntToo:
		return i.Cmp(j), true
	case isInt:
		return -compareFloat(y.(float64), i), true
	case isIntToo:
		return compareFloat(x.(float64), j), true
	}
	f, g := x.(float64), y.(float64)
	switch {
	case f < g:
		return -1, true
	case f > g:
		return 1, true
	case f == g:
		return 0, true
	}
	return 2, true
}

func compareFloat(f float64, n *big.Int) int {
	switch {
	case math.IsNaN(f):
		return 2
	case math.IsInf(f, 1):
		return 1
	case math.IsInf(f, -1):
		return -1
	}
	return new(big.Float).SetFloat64(f).Cmp(new(big.Float).SetPrec(uint(max(64, n.BitLen()))).SetInt(n))
}

// order compares for <, <=, >, >=; ok is false where a NaN is involved.
func (rt *Runtime) order(a, b Value, op string) (n int, ok bool) {
	rt.CheckUndefined(a)
	rt.CheckUndefined(b)
	if x, isText := Text(a); isText {
		if y, isText := Text(b); isText {
			return strings.Compare(x, y), true
		}
	}
	if n, numbers := compareNumbers(a, b); numbers {
		return n, n != 2 && n != -2
	}
	switch x := a.(type) {
	case *List:
		if y, same := b.(*List); same {
			return rt.orderItems(x.Items, y.Items, op)
		}
	case *Tuple:
		if y, same := b.(*Tuple); same {
			return rt.orderItems(x.Items, y.Items, op)
		}
	}
	if n, ok := orderDates(a, b); ok {
		return n, true
	}
	Raise("TypeError", "'%s' not supported between instances of '%s' and '%s'", op, typeName(a), typeName(b))
	return 0, false
}

// orderDates compares dates, spans of time and bytes; ok is false for others.
func orderDates(a, b Value) (n int, ok bool) {
	switch x := a.(type) {
	case *dateValue:
		if y, same := b.(*dateValue); same {
			if ok, why := x.sameKind(y); !ok {
				Raise("TypeError", "%s", why)
			}
			return x.t.Compare(y.t), true
		}
	case deltaValue:
		if y, same := b.(deltaValue); same {
			return cmp.Compare(x.micros, y.micros), true
		}
	case bytesValue:
		if y, same := b.(bytesValue); same {
			return cmp.Compare(x, y), true
		}
	}
	return 0, false
}

func (rt *Runtime) orderItems(x, y []Value, op string) (int, bool) {
	rt.Push()
	rt.Charge(1)
	defer rt.Pop()
	for i := range min(len(x), len(y)) {
		if !rt.Same(x[i], y[i]) && !rt.Equal(x[i], y[i]) {
			return rt.order(x[i], y[i], op)
		}
	}
	return len(x) - len(y), true
}

// Contains is Python's "item in container".
func (rt *Runtime) Contains(container, item Value) bool {
	if text, ok := Text(container); ok {
		rt.CheckUndefined(item)
		part, ok := Text(item)
		if !ok {
			Raise("TypeError", "'in <string>' requires string as left operand, not %s", typeName(item))
		}
		return strings.Contains(text, part)
	}
	switch c := container.(type) {
	case bytesValue:
		if part, ok := item.(bytesValue); ok {
			return strings.Contains(string(c), string(part))
		}
		if _, isInt := asInt(item); !isInt {
			bytesArg(item) // refuses it
		}
	case *Dict:
		_, ok := c.Get(rt, item)
		return ok
	case *dictView:
		if c.kind == "dict_keys" {
			_, ok := c.dict.Get(rt, item)
			return ok
		}
	case *rangeValue:
		if n, ok := item.(int64); ok {
			return c.index(n) >= 0
		}
	}
	it := rt.Iterator(container)
	if it == nil {
		Raise("TypeError", "argument of type '%s' is not iterable", typeName(container))
	}
	for v, ok := it.Next(); ok; v, ok = it.Next() {
		if rt.Same(v, item) || rt.Equal(v, item) {
			return true
		}
	}
	return false
}

func (r *rangeValue) index(n int64) int64 {
	length := r.length()
	if length == 0 || (n-r.start)%r.step != 0 {
		return -1
	}
	i := (n - r.start) / r.step
	if i < 0 || i >= length {
		return -1
	}
	return i
}
