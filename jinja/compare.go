package jinja

import (
	"cmp"
	"math"
	"math/big"
	"strings"
)

// compare is a comparison operator.
func (rt *state) compare(op compareOp, a, b Value) bool {
	switch op {
	case cmpEq:
		return rt.equal(a, b)
	case cmpNe:
		return !rt.equal(a, b)
	case cmpIn:
		return rt.contains(b, a)
	case cmpNotIn:
		return !rt.contains(b, a)
	}
	n, ok := rt.order(a, b, op)
	if !ok {
		return false // not a number
	}
	switch op {
	case cmpLt:
		return n < 0
	case cmpLe:
		return n <= 0
	case cmpGt:
		return n > 0
	}
	return n >= 0
}

// equal is Python's "==".
func (rt *state) equal(a, b Value) bool {
	switch x := a.(type) {
	case string:
		y, ok := asString(b)
		if ok {
			return x == y
		}
	case Markup:
		y, ok := asString(b)
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

func (rt *state) equalUndefined(u *Undefined, other Value) bool {
	if !rt.isLenient(u) {
		rt.useUndefined(u)
	}
	_, ok := other.(*Undefined)
	return ok
}

func (rt *state) equalObjects(a, b Value) bool {
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

func (rt *state) equalItems(x, y []Value) bool {
	if len(x) != len(y) {
		return false
	}
	rt.push()
	rt.charge(len(x))
	defer rt.pop()
	for i := range x {
		if !rt.same(x[i], y[i]) && !rt.equal(x[i], y[i]) {
			return false
		}
	}
	return true
}

func (rt *state) equalDicts(x, y *Dict) bool {
	if x.live != y.live {
		return false
	}
	rt.push()
	rt.charge(x.live)
	defer rt.pop()
	for _, e := range x.entries {
		if e.key == nil {
			continue
		}
		v, ok := y.get(rt, e.key)
		if !ok || !rt.same(v, e.value) && !rt.equal(v, e.value) {
			return false
		}
	}
	return true
}

func (rt *state) equalViews(x, y *dictView) bool {
	if x.dict.live != y.dict.live {
		return false
	}
	for _, e := range x.dict.entries {
		if e.key == nil {
			continue
		}
		v, ok := y.dict.get(rt, e.key)
		if !ok || x.kind == "dict_items" && !rt.equal(v, e.value) {
			return false
		}
	}
	return true
}

// same is Python's "is", as far as values that are not objects have identity.
func (rt *state) same(a, b Value) bool {
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

var compareNames = map[compareOp]string{cmpLt: "<", cmpLe: "<=", cmpGt: ">", cmpGe: ">="}

// order compares for <, <=, >, >=; ok is false where a NaN is involved.
func (rt *state) order(a, b Value, op compareOp) (n int, ok bool) {
	rt.checkUndefined(a)
	rt.checkUndefined(b)
	if x, isText := asString(a); isText {
		if y, isText := asString(b); isText {
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
	raise("TypeError", "'%s' not supported between instances of '%s' and '%s'", compareNames[op], typeName(a), typeName(b))
	return 0, false
}

// orderDates compares dates, spans of time and bytes; ok is false for others.
func orderDates(a, b Value) (n int, ok bool) {
	switch x := a.(type) {
	case *dateValue:
		if y, same := b.(*dateValue); same {
			if ok, why := x.sameKind(y); !ok {
				raise("TypeError", "%s", why)
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

func (rt *state) orderItems(x, y []Value, op compareOp) (int, bool) {
	rt.push()
	rt.charge(1)
	defer rt.pop()
	for i := range min(len(x), len(y)) {
		if !rt.same(x[i], y[i]) && !rt.equal(x[i], y[i]) {
			return rt.order(x[i], y[i], op)
		}
	}
	return len(x) - len(y), true
}

// contains is Python's "item in container".
func (rt *state) contains(container, item Value) bool {
	if text, ok := asString(container); ok {
		rt.checkUndefined(item)
		part, ok := asString(item)
		if !ok {
			raise("TypeError", "'in <string>' requires string as left operand, not %s", typeName(item))
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
		_, ok := c.get(rt, item)
		return ok
	case *dictView:
		if c.kind == "dict_keys" {
			_, ok := c.dict.get(rt, item)
			return ok
		}
	case *rangeValue:
		if n, ok := item.(int64); ok {
			return c.index(n) >= 0
		}
	}
	it := rt.iterator(container)
	if it == nil {
		raise("TypeError", "argument of type '%s' is not iterable", typeName(container))
	}
	for v, ok := it.next(); ok; v, ok = it.next() {
		if rt.same(v, item) || rt.equal(v, item) {
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
