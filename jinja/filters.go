package jinja

import (
	"math/rand/v2"

	"github.com/slipway-build/slipway/jinja/python"
)

// builtinFilters are the filters of Jinja2 3.1.
var builtinFilters map[string]*python.Builtin

func init() {
	builtinFilters = map[string]*python.Builtin{}
	basicFilters()
	sequenceFilters()
	numberFilters()
	textFilters()
	layoutFilters()
	sortFilters()
	mapFilters()
	htmlFilters()
}

func addFilter(name, signature string, fn func(rt *python.Runtime, a []python.Value) python.Value) {
	builtinFilters[name] = python.Define(name, signature, fn)
}

func alias(name, of string) { builtinFilters[name] = builtinFilters[of] }

func basicFilters() {
	addFilter("default", "value, default_value='', boolean=False", func(rt *python.Runtime, a []python.Value) python.Value {
		if _, ok := a[0].(*python.Undefined); ok || rt.IsTrue(a[2]) && !rt.IsTrue(a[0]) {
			return a[1]
		}
		return a[0]
	})
	alias("d", "default")
	addFilter("length", "obj, /", func(rt *python.Runtime, a []python.Value) python.Value {
		n, ok := rt.Length(a[0])
		if !ok {
			python.Raise("TypeError", "object of type '%s' has no len()", rt.TypeName(a[0]))
		}
		return int64(n)
	})
	alias("count", "length")
	addFilter("string", "object", func(rt *python.Runtime, a []python.Value) python.Value {
		if _, ok := a[0].(python.Markup); ok {
			return a[0]
		}
		return rt.Str(a[0])
	})
	addFilter("list", "value", func(rt *python.Runtime, a []python.Value) python.Value { return python.NewList(rt.ToSlice(a[0])) })
	addFilter("items", "value", func(rt *python.Runtime, a []python.Value) python.Value {
		return deferred(func() func() (python.Value, bool) {
			if _, ok := a[0].(*python.Undefined); ok {
				return func() (python.Value, bool) { return nil, false }
			}
			d, ok := a[0].(*python.Dict)
			if !ok {
				python.Raise("TypeError", "Can only get item pairs from a mapping.")
			}
			return rt.Iterator(d.View("dict_items")).Next
		})
	})
	addFilter("attr", "obj, name", func(rt *python.Runtime, a []python.Value) python.Value {
		name := rt.TextArg(a[1], "attribute name")
		if v := rt.Attribute(a[0], name); v != nil {
			return v
		}
		return &python.Undefined{Object: a[0], Name: name}
	})
	addFilter("random", "seq", func(rt *python.Runtime, a []python.Value) python.Value {
		n, ok := rt.Length(a[0])
		if !ok {
			python.Raise("TypeError", "object of type '%s' has no len()", rt.TypeName(a[0]))
		}
		if n == 0 {
			return &python.Undefined{Hint: "No random item, sequence was empty."}
		}
		i := int64(rand.IntN(n))
		v := rt.GetItem(a[0], i)
		if _, missing := v.(*python.Undefined); missing { // a dictionary without such a key
			python.Raise("KeyError", "%d", i)
		}
		return v
	})
}

func sequenceFilters() {
	addFilter("first", "seq", func(rt *python.Runtime, a []python.Value) python.Value {
		v, ok := rt.MustIterate(a[0]).Next()
		if !ok {
			return &python.Undefined{Hint: "No first item, sequence was empty."}
		}
		return v
	})
	addFilter("last", "seq", func(rt *python.Runtime, a []python.Value) python.Value {
		items, ok := rt.Reversible(a[0])
		if !ok {
			python.Raise("TypeError", "%s object is not reversible", python.Quote(rt.TypeName(a[0])))
		}
		if len(items) == 0 {
			return &python.Undefined{Hint: "No last item, sequence was empty."}
		}
		return items[len(items)-1]
	})
	addFilter("reverse", "value", func(rt *python.Runtime, a []python.Value) python.Value { return rt.Reverse(a[0]) })
	addFilter("batch", "value, linecount, fill_with=None", func(rt *python.Runtime, a []python.Value) python.Value {
		return deferred(func() func() (python.Value, bool) { return batch(rt, a[0], a[1], a[2]) })
	})
	addFilter("slice", "value, slices, fill_with=None", func(rt *python.Runtime, a []python.Value) python.Value {
		return deferred(func() func() (python.Value, bool) { return columns(rt, a[0], rt.IntArg(a[1]), a[2]) })
	})
	addFilter("join", "value, d='', attribute=None", func(rt *python.Runtime, a []python.Value) python.Value {
		return join(rt, a[0], a[1], a[2])
	})
}

// deferred is a generator that looks at its arguments when the first item is
// asked for, as Python's do.
func deferred(begin func() func() (python.Value, bool)) python.Value {
	var next func() (python.Value, bool)
	return python.NewGenerator(func() (python.Value, bool) {
		if next == nil {
			next = begin()
		}
		return next()
	})
}

// batch makes rows of so many items; anything may be the size as long as only
// equality counts.
func batch(rt *python.Runtime, v, size, fill python.Value) func() (python.Value, bool) {
	it := rt.MustIterate(v)
	done := false
	var ahead python.Value
	return func() (python.Value, bool) {
		if done {
			return nil, false
		}
		rt.ChargeList(0)
		row := []python.Value{}
		if ahead != nil {
			row = rt.AppendItem(row, ahead)
			ahead = nil
		}
		for {
			x, ok := it.Next()
			if !ok {
				done = true
				break
			}
			if rt.Equal(int64(len(row)), size) {
				ahead = x
				return python.NewList(row), true
			}
			row = rt.AppendItem(row, x)
		}
		if len(row) == 0 {
			return nil, false
		}
		if fill != python.None && rt.Compare("<", int64(len(row)), size) {
			row = rt.ConcatItems(row, rt.RepeatItems([]python.Value{fill}, rt.IntArg(size)-len(row)))
		}
		return python.NewList(row), true
	}
}

func columns(rt *python.Runtime, v python.Value, n int, fill python.Value) func() (python.Value, bool) {
	items := rt.ToSlice(v)
	if n == 0 {
		python.Raise("ZeroDivisionError", "integer division or modulo by zero")
	}
	i, offset := 0, 0
	return func() (python.Value, bool) {
		if i >= n {
			return nil, false
		}
		rt.Step()
		each, extra := len(items)/n, len(items)%n
		start := offset + i*each
		if i < extra {
			offset++
		}
		rt.ChargeList(0)
		row := rt.ConcatItems(items[start:offset+(i+1)*each], nil)
		if fill != python.None && i >= extra {
			row = rt.AppendItem(row, fill)
		}
		i++
		return python.NewList(row), true
	}
}

func join(rt *python.Runtime, v, sep, attribute python.Value) python.Value {
	items := rt.ToSlice(v)
	if attribute != python.None {
		get := attrGetter(rt, attribute)
		for i := range items {
			items[i] = get(items[i])
		}
	}
	rt.ChargeProduct(len(items), len(rt.Str(sep)))
	if !rt.Autoescape {
		return rt.JoinStr(rt.Str(sep), items)
	}
	_, isMarkup := sep.(python.Markup)
	for _, item := range items {
		if _, ok := item.(python.Markup); ok {
			isMarkup = true
		}
	}
	if !isMarkup {
		return rt.JoinStr(rt.Str(sep), items)
	}
	for i := range items {
		items[i] = rt.Escape(items[i])
	}
	return python.Markup(rt.JoinStr(rt.Escape(sep), items))
}

func numberFilters() {
	addFilter("abs", "x, /", func(rt *python.Runtime, a []python.Value) python.Value { return rt.Abs(a[0]) })
	addFilter("int", "value, default=0, base=10", func(rt *python.Runtime, a []python.Value) python.Value { return rt.ToInt(a[0], a[1], a[2]) })
	addFilter("float", "value, default=0.0", func(rt *python.Runtime, a []python.Value) python.Value {
		if f, ok := rt.ToFloat(a[0]); ok {
			return f
		}
		return a[1]
	})
	addFilter("round", "value, precision=0, method='common'", func(rt *python.Runtime, a []python.Value) python.Value {
		return rt.Round(a[0], a[1], a[2])
	})
	addFilter("filesizeformat", "value, binary=False", func(rt *python.Runtime, a []python.Value) python.Value {
		return rt.FileSize(a[0], rt.IsTrue(a[1]))
	})
	addFilter("sum", "iterable, attribute=None, start=0", func(rt *python.Runtime, a []python.Value) python.Value {
		if _, ok := python.Text(a[2]); ok {
			python.Raise("TypeError", "sum() can't sum strings [use ''.join(seq) instead]")
		}
		get := attrGetter(rt, a[1])
		total := a[2]
		it := rt.MustIterate(a[0])
		for v, ok := it.Next(); ok; v, ok = it.Next() {
			total = rt.Binary("+", total, get(v))
		}
		return total
	})
}
