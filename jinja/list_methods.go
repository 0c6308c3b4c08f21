package jinja

import (
	"slices"
)

var listMethods = map[string]*builtin{
	"append": define("append", "self, object, /", func(rt *state, a []Value) Value {
		l := a[0].(*List)
		l.Items = rt.appendItem(l.Items, a[1])
		return None
	}),
	"extend": define("extend", "self, iterable, /", func(rt *state, a []Value) Value {
		items := rt.toSlice(a[1])
		l := a[0].(*List)
		l.Items = rt.concatItems(l.Items, items)
		return None
	}),
	"insert": define("insert", "self, index, object, /", func(rt *state, a []Value) Value {
		l := a[0].(*List)
		i := intArg(rt, a[1])
		if i < 0 {
			i = max(i+len(l.Items), 0)
		}
		l.Items = slices.Insert(rt.appendItem(l.Items, nil)[:len(l.Items)], min(i, len(l.Items)), a[2])
		return None
	}),
	"pop": define("pop", "self, index=-1, /", func(rt *state, a []Value) Value {
		l := a[0].(*List)
		i := intArg(rt, a[1])
		if len(l.Items) == 0 {
			raise("IndexError", "pop from empty list")
		}
		if i < 0 {
			i += len(l.Items)
		}
		if i < 0 || i >= len(l.Items) {
			raise("IndexError", "pop index out of range")
		}
		v := l.Items[i]
		l.Items = slices.Delete(l.Items, i, i+1)
		return v
	}),
	"remove": define("remove", "self, value, /", func(rt *state, a []Value) Value {
		l := a[0].(*List)
		i := rt.indexOf(l.Items, a[1])
		if i < 0 {
			raise("ValueError", "list.remove(x): x not in list")
		}
		l.Items = slices.Delete(l.Items, i, i+1)
		return None
	}),
	"clear": define("clear", "self, /", func(_ *state, a []Value) Value {
		a[0].(*List).Items = nil
		return None
	}),
	"copy": define("copy", "self, /", func(rt *state, a []Value) Value {
		return newList(rt.toSlice(a[0]))
	}),
	"reverse": define("reverse", "self, /", func(_ *state, a []Value) Value {
		slices.Reverse(a[0].(*List).Items)
		return None
	}),
	"sort": define("sort", "self, *, key=None, reverse=False", func(rt *state, a []Value) Value {
		key := func(v Value) Value { return v }
		if a[1] != None {
			key = func(v Value) Value { return rt.call(a[1], []Value{v}, nil) }
		}
		l := a[0].(*List)
		l.Items = rt.sorted(l.Items, key, rt.isTrue(a[2]))
		return None
	}),
	"index": indexMethod(),
	"count": countMethod(),
}

var tupleMethods = map[string]*builtin{"index": indexMethod(), "count": countMethod()}

func indexMethod() *builtin {
	return define("index", "self, value, start=0, stop=None, /", func(rt *state, a []Value) Value {
		items := rt.itemsOf(a[0])
		from, to, _ := sliceBounds(len(items), a[2], a[3], None)
		for i := from; i < to; i++ {
			if rt.equal(items[i], a[1]) {
				return int64(i)
			}
		}
		raise("ValueError", "%s is not in %s", rt.repr(a[1]), typeName(a[0]))
		return nil
	})
}

func countMethod() *builtin {
	return define("count", "self, value, /", func(rt *state, a []Value) Value {
		n := int64(0)
		for _, item := range rt.itemsOf(a[0]) {
			if rt.equal(item, a[1]) {
				n++
			}
		}
		return n
	})
}

func (rt *state) itemsOf(v Value) []Value {
	switch v := v.(type) {
	case *List:
		return v.Items
	case *Tuple:
		return v.Items
	}
	return rt.toSlice(v)
}

func (rt *state) indexOf(items []Value, v Value) int {
	for i, item := range items {
		if rt.equal(item, v) {
			return i
		}
	}
	return -1
}

// sorted is Python's sorted: stable, by a key that is taken once per item.
func (rt *state) sorted(items []Value, key func(Value) Value, reverse bool) []Value {
	rt.charge(48 * len(items))
	type keyed struct{ key, value Value }
	list := make([]keyed, len(items))
	for i, item := range items {
		list[i] = keyed{key(item), item}
	}
	slices.SortStableFunc(list, func(x, y keyed) int {
		a, b := x.key, y.key
		if reverse {
			a, b = b, a
		}
		if n, ok := rt.order(a, b, cmpLt); ok && n < 0 {
			return -1
		}
		if n, ok := rt.order(b, a, cmpLt); ok && n < 0 {
			return 1
		}
		return 0
	})
	out := make([]Value, len(list))
	for i, k := range list {
		out[i] = k.value
	}
	return out
}

var dictMethods = map[string]*builtin{
	"keys":   viewMethod("keys"),
	"values": viewMethod("values"),
	"items":  viewMethod("items"),
	"get": define("get", "self, key, default=None, /", func(rt *state, a []Value) Value {
		if v, ok := a[0].(*Dict).get(rt, a[1]); ok {
			return v
		}
		return a[2]
	}),
	"pop": define("pop", "self, key, *default", func(rt *state, a []Value) Value {
		rest := a[2].(*Tuple).Items
		if len(rest) > 1 {
			raise("TypeError", "pop expected at most 2 arguments, got %d", len(rest)+1)
		}
		if v, ok := a[0].(*Dict).remove(rt, a[1]); ok {
			return v
		}
		if len(rest) > 0 {
			return rest[0]
		}
		raise("KeyError", "%s", rt.repr(a[1]))
		return nil
	}),
	"popitem": define("popitem", "self, /", func(rt *state, a []Value) Value {
		d := a[0].(*Dict)
		keys := rt.listView(&dictView{d, "dict_keys"})
		if len(keys) == 0 {
			raise("KeyError", "'popitem(): dictionary is empty'")
		}
		key := keys[len(keys)-1]
		v, _ := d.remove(rt, key)
		return newTuple(key, v)
	}),
	"setdefault": define("setdefault", "self, key, default=None, /", func(rt *state, a []Value) Value {
		d := a[0].(*Dict)
		if v, ok := d.get(rt, a[1]); ok {
			return v
		}
		d.set(rt, a[1], a[2])
		return a[2]
	}),
	"update": define("update", "self, /, *args, **kwargs", func(rt *state, a []Value) Value {
		rt.fillDict(a[0].(*Dict), "update", a[1].(*Tuple).Items, a[2].(*Dict))
		return None
	}),
	"clear": define("clear", "self, /", func(_ *state, a []Value) Value {
		a[0].(*Dict).clear()
		return None
	}),
	"copy": define("copy", "self, /", func(rt *state, a []Value) Value {
		return a[0].(*Dict).copy(rt)
	}),
	"fromkeys": define("fromkeys", "self, iterable, value=None, /", func(rt *state, a []Value) Value {
		d := NewDict()
		for _, k := range rt.toSlice(a[1]) {
			d.set(rt, k, a[2])
		}
		return d
	}),
}

func viewMethod(kind string) *builtin {
	return define(kind, "self, /", func(_ *state, a []Value) Value {
		return &dictView{a[0].(*Dict), "dict_" + kind}
	})
}

// fillDict adds what dict(...) and dict.update(...) take: at most one mapping
// or iterable of pairs, and named values.
func (rt *state) fillDict(d *Dict, name string, args []Value, named *Dict) {
	if len(args) > 1 {
		raise("TypeError", "%s expected at most 1 argument, got %d", name, len(args))
	}
	for _, arg := range args {
		if src, ok := arg.(*Dict); ok {
			for _, e := range src.entries {
				if e.key != nil {
					d.set(rt, e.key, e.value)
				}
			}
			continue
		}
		rt.checkUndefined(arg)
		for i, pair := range rt.toSlice(arg) {
			items := rt.toSlice(pair)
			if len(items) != 2 {
				raise("ValueError", "dictionary update sequence element #%d has length %d; 2 is required", i, len(items))
			}
			d.set(rt, items[0], items[1])
		}
	}
	for _, e := range named.entries {
		if e.key != nil {
			d.set(rt, e.key, e.value)
		}
	}
}
