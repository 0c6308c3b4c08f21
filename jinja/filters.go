package jinja

import (
	"math"
	"math/rand/v2"
	"slices"
)

// builtinFilters are the filters of Jinja2 3.1.
var builtinFilters map[string]*builtin

func init() {
	builtinFilters = map[string]*builtin{}
	basicFilters()
	sequenceFilters()
	numberFilters()
	textFilters()
	layoutFilters()
	sortFilters()
	mapFilters()
	htmlFilters()
}

func addFilter(name, signature string, fn func(rt *state, a []Value) Value) {
	builtinFilters[name] = define(name, signature, fn)
}

func alias(name, of string) { builtinFilters[name] = builtinFilters[of] }

func basicFilters() {
	addFilter("default", "value, default_value='', boolean=False", func(rt *state, a []Value) Value {
		if _, ok := a[0].(*Undefined); ok || rt.isTrue(a[2]) && !rt.isTrue(a[0]) {
			return a[1]
		}
		return a[0]
	})
	alias("d", "default")
	addFilter("length", "obj, /", func(rt *state, a []Value) Value {
		n, ok := rt.length(a[0])
		if !ok {
			raise("TypeError", "object of type '%s' has no len()", typeName(a[0]))
		}
		return int64(n)
	})
	alias("count", "length")
	addFilter("string", "object", func(rt *state, a []Value) Value {
		if _, ok := a[0].(Markup); ok {
			return a[0]
		}
		return rt.str(a[0])
	})
	addFilter("list", "value", func(rt *state, a []Value) Value { return newList(rt.toSlice(a[0])) })
	addFilter("items", "value", func(rt *state, a []Value) Value {
		return deferred(func() func() (Value, bool) {
			if _, ok := a[0].(*Undefined); ok {
				return func() (Value, bool) { return nil, false }
			}
			d, ok := a[0].(*Dict)
			if !ok {
				raise("TypeError", "Can only get item pairs from a mapping.")
			}
			return rt.iterator(&dictView{d, "dict_items"}).next
		})
	})
	addFilter("attr", "obj, name", func(rt *state, a []Value) Value {
		name := textArg(a[1], "attribute name")
		if v := rt.attribute(a[0], name); v != nil {
			return v
		}
		return &Undefined{obj: a[0], name: name}
	})
	addFilter("random", "seq", func(rt *state, a []Value) Value {
		n, ok := rt.length(a[0])
		if !ok {
			raise("TypeError", "object of type '%s' has no len()", typeName(a[0]))
		}
		if n == 0 {
			return &Undefined{hint: "No random item, sequence was empty."}
		}
		i := int64(rand.IntN(n))
		v := rt.getItem(a[0], i)
		if _, missing := v.(*Undefined); missing { // a dictionary without such a key
			raise("KeyError", "%d", i)
		}
		return v
	})
}

func sequenceFilters() {
	addFilter("first", "seq", func(rt *state, a []Value) Value {
		v, ok := rt.mustIterate(a[0]).next()
		if !ok {
			return &Undefined{hint: "No first item, sequence was empty."}
		}
		return v
	})
	addFilter("last", "seq", func(rt *state, a []Value) Value {
		items, ok := rt.reversible(a[0])
		if !ok {
			raise("TypeError", "%s object is not reversible", quote(typeName(a[0])))
		}
		if len(items) == 0 {
			return &Undefined{hint: "No last item, sequence was empty."}
		}
		return items[len(items)-1]
	})
	addFilter("reverse", "value", func(rt *state, a []Value) Value { return rt.reverse(a[0]) })
	addFilter("batch", "value, linecount, fill_with=None", func(rt *state, a []Value) Value {
		return deferred(func() func() (Value, bool) { return rt.batch(a[0], a[1], a[2]) })
	})
	addFilter("slice", "value, slices, fill_with=None", func(rt *state, a []Value) Value {
		return deferred(func() func() (Value, bool) { return rt.slices(a[0], intArg(rt, a[1]), a[2]) })
	})
	addFilter("join", "value, d='', attribute=None", func(rt *state, a []Value) Value {
		return rt.join(a[0], a[1], a[2])
	})
}

// reversible lists the items of what Python's reversed accepts.
func (rt *state) reversible(v Value) ([]Value, bool) {
	switch v := v.(type) {
	case *generator, noneType, bool, int64, float64, *namespace, *joiner, *cycler, *macroValue:
		return nil, false
	case *List:
		return v.Items, true
	case *Tuple:
		return v.Items, true
	}
	return rt.toSlice(v), true
}

func (rt *state) reverse(v Value) Value {
	if s, ok := asString(v); ok {
		rt.chargeText(s)
		text := sliceString(s, None, None, int64(-1))
		if _, isMarkup := v.(Markup); isMarkup {
			return Markup(text)
		}
		return text
	}
	items, ok := rt.reversible(v)
	if !ok {
		if rt.iterator(v) == nil {
			raise("FilterArgumentError", "argument must be iterable")
		}
		rest := rt.toSlice(v)
		slices.Reverse(rest)
		return newList(rest)
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

// deferred is a generator that looks at its arguments when the first item is
// asked for, as Python's do.
func deferred(begin func() func() (Value, bool)) Value {
	var next func() (Value, bool)
	return &generator{func() (Value, bool) {
		if next == nil {
			next = begin()
		}
		return next()
	}, "generator"}
}

// batch makes rows of so many items; anything may be the size as long as only
// equality counts.
func (rt *state) batch(v, size, fill Value) func() (Value, bool) {
	it := rt.mustIterate(v)
	done := false
	var ahead Value
	return func() (Value, bool) {
		if done {
			return nil, false
		}
		rt.charge(listSize)
		row := []Value{}
		if ahead != nil {
			row = rt.appendItem(row, ahead)
			ahead = nil
		}
		for {
			x, ok := it.next()
			if !ok {
				done = true
				break
			}
			if rt.equal(int64(len(row)), size) {
				ahead = x
				return newList(row), true
			}
			row = rt.appendItem(row, x)
		}
		if len(row) == 0 {
			return nil, false
		}
		if fill != None && rt.compare(cmpLt, int64(len(row)), size) {
			row = rt.concatItems(row, rt.repeatItems([]Value{fill}, intArg(rt, size)-len(row)))
		}
		return newList(row), true
	}
}

func (rt *state) slices(v Value, n int, fill Value) func() (Value, bool) {
	items := rt.toSlice(v)
	if n == 0 {
		raise("ZeroDivisionError", "integer division or modulo by zero")
	}
	i, offset := 0, 0
	return func() (Value, bool) {
		if i >= n {
			return nil, false
		}
		rt.step()
		each, extra := len(items)/n, len(items)%n
		start := offset + i*each
		if i < extra {
			offset++
		}
		rt.charge(listSize)
		row := rt.concatItems(items[start:offset+(i+1)*each], nil)
		if fill != None && i >= extra {
			row = rt.appendItem(row, fill)
		}
		i++
		return newList(row), true
	}
}

func (rt *state) join(v, sep, attribute Value) Value {
	items := rt.toSlice(v)
	if attribute != None {
		get := rt.attrGetter(attribute)
		for i := range items {
			items[i] = get(items[i])
		}
	}
	rt.chargeProduct(len(items), len(rt.str(sep)))
	if !rt.autoescape {
		return rt.joinStr(rt.str(sep), items)
	}
	_, isMarkup := sep.(Markup)
	for _, item := range items {
		if _, ok := item.(Markup); ok {
			isMarkup = true
		}
	}
	if !isMarkup {
		return rt.joinStr(rt.str(sep), items)
	}
	for i := range items {
		items[i] = rt.escape(items[i])
	}
	return Markup(rt.joinStr(rt.escape(sep), items))
}

func numberFilters() {
	addFilter("abs", "x, /", func(rt *state, a []Value) Value {
		if f, ok := a[0].(float64); ok {
			return math.Abs(f)
		}
		rt.checkUndefined(a[0])
		n, ok := asInt(a[0])
		if !ok {
			raise("TypeError", "bad operand type for abs(): '%s'", typeName(a[0]))
		}
		if n.Sign() < 0 {
			return rt.unary(tSub, a[0])
		}
		return normInt(n)
	})
	addFilter("int", "value, default=0, base=10", func(rt *state, a []Value) Value {
		base, ok := smallInt(a[2])
		if !ok {
			base = -1 // no int has it: the default comes
		}
		return toInt(rt, a[0], a[1], base)
	})
	addFilter("float", "value, default=0.0", func(rt *state, a []Value) Value {
		if f, ok := toFloat(rt, a[0]); ok {
			return f
		}
		return a[1]
	})
	addFilter("round", "value, precision=0, method='common'", func(rt *state, a []Value) Value {
		return round(rt, a[0], a[1], a[2])
	})
	addFilter("filesizeformat", "value, binary=False", func(rt *state, a []Value) Value {
		f, ok := toFloat(rt, a[0])
		if !ok {
			kind := Kind("TypeError")
			if _, isText := asString(a[0]); isText {
				kind = "ValueError"
			}
			raise(kind, "could not convert %s to float", rt.repr(a[0]))
		}
		return fileSize(f, rt.isTrue(a[1]))
	})
	addFilter("sum", "iterable, attribute=None, start=0", func(rt *state, a []Value) Value {
		if _, ok := asString(a[2]); ok {
			raise("TypeError", "sum() can't sum strings [use ''.join(seq) instead]")
		}
		get := rt.attrGetter(a[1])
		total := a[2]
		it := rt.mustIterate(a[0])
		for v, ok := it.next(); ok; v, ok = it.next() {
			total = rt.binary(tAdd, total, get(v))
		}
		return total
	})
}
