package python

import (
	"slices"
)

var listMethods = map[string]*Builtin{
	"append": Define("append", "self, object, /", func(rt *Runtime, a []Value) Value {
		l := a[0].(*List)
		l.Items = rt.AppendItem(l.Items, a[1])
		return None
	}),
	"extend": Define("extend", "self, iterable, /", func(rt *Runtime, a []Value) Value {
		items := rt.ToSlice(a[1])
		l := a[0].(*List)
		l.Items = rt.ConcatItems(l.Items, items)
		return None
	}),
	"insert": Define("insert", "self, index, object, /", func(rt *Runtime, a []Value) Value {
		l := a[0].(*List)
		i := rt.IntArg(a[1])
		if i < 0 {
			i = max(i+len(l.Items), 0)
		}
		l.Items = slices.Insert(rt.AppendItem(l.Items, nil)[:len(l.Items)], min(i, len(l.Items)), a[2])
		return None
	}),
	"pop": Define("pop", "self, index=-1, /", func(rt *Runtime, a []Value) Value {
		l := a[0].(*List)
		i := rt.IntArg(a[1])
		if len(l.Items) == 0 {
			Raise("IndexError", "pop from empty list")
		}
		if i < 0 {
			i += len(l.Items)
		}
		if i < 0 || i >= len(l.Items) {
			Raise("IndexError", "pop index out of range")
		}
		v := l.Items[i]
		l.Items = slices.Delete(l.Items, i, i+1)
		return v
	}),
	"remove": Define("remove", "self, value, /", func(rt *Runtime, a []Value) Value {
		l := a[0].(*List)
		i := rt.indexOf(l.Items, a[1])
		if i < 0 {
			Raise("ValueError", "list.remove(x): x not in list")
		}
		l.Items = slices.Delete(l.Items, i, i+1)
		return None
	}),
	"clear": Define("clear", "self, /", func(_ *Runtime, a []Value) Value {
		a[0].(*List).Items = nil
		return None
	}),
	"copy": Define("copy", "self, /", func(rt *Runtime, a []Value) Value {
		return NewList(rt.ToSlice(a[0]))
	}),
	"reverse": Define("reverse", "self, /", func(_ *Runtime, a []Value) Value {
		slices.Reverse(a[0].(*List).Items)
		return None
	}),
	"sort": Define("sort", "self, *, key=None, reverse=False", func(rt *Runtime, a []Value) Value {
		key := func(v Value) Value { return v }
		if a[1] != None {
			key = func(v Value) Value { return rt.Call(a[1], []Value{v}, nil) }
		}
		l := a[0].(*List)
		l.Items = rt.Sorted(l.Items, key, rt.IsTrue(a[2]))
		return None
	}),
	"index": indexMethod(),
	"count": countMethod(),
}

var tupleMethods = map[string]*Builtin{"index": indexMethod(), "count": countMethod()}

func indexMethod() *Builtin {
	return Define("index", "self, value, start=0, stop=None, /", func(rt *Runtime, a []Value) Value {
		items := rt.itemsOf(a[0])
		from, to, _ := sliceBounds(len(items), a[2], a[3], None)
		for i := from; i < to; i++ {
			if rt.Equal(items[i], a[1]) {
				return int64(i)
			}
		}
		Raise("ValueError", "%s is not in %s", rt.repr(a[1]), typeName(a[0]))
		return nil
	})
}

func countMethod() *Builtin {
	return Define("count", "self, value, /", func(rt *Runtime, a []Value) Value {
		n := int64(0)
		for _, item := range rt.itemsOf(a[0]) {
			if rt.Equal(item, a[1]) {
				n++
			}
		}
		return n
	})
}

func (rt *Runtime) itemsOf(v Value) []Value {
	switch v := v.(type) {
	case *List:
		return v.Items
	case *Tuple:
		return v.Items
	}
	return rt.ToSlice(v)
}

func (rt *Runtime) indexOf(items []Value, v Value) int {
	for i, item := range items {
		if rt.Equal(item, v) {
			return i
		}
	}
	return -1
}

// Sorted is Python's sorted: stable, by a key that is taken once per item.
func (rt *Runtime) Sorted(items []Value, key func(Value) Value, reverse bool) []Value {
	rt.Charge(48 * len(items))
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
		if n, ok := rt.order(a, b, "<"); ok && n < 0 {
			return -1
		}
		if n, ok := rt.order(b, a, "<"); ok && n < 0 {
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

var dictMethods = map[string]*Builtin{
	"keys":   viewMethod("keys"),
	"values": viewMethod("values"),
	"items":  viewMethod("items"),
	"get": Define("get", "self, key, default=None, /", func(rt *Runtime, a []Value) Value {
		if v, ok := a[0].(*Dict).Get(rt, a[1]); ok {
			return v
		}
		return a[2]
	}),
	"pop": Define("pop", "self, key, *default", func(rt *Runtime, a []Value) Value {
		rest := a[2].(*Tuple).Items
		if len(rest) > 1 {
			Raise("TypeError", "pop expected at most 2 arguments, got %d", len(rest)+1)
		}
		if v, ok := a[0].(*Dict).remove(rt, a[1]); ok {
			return v
		}
		if len(rest) > 0 {
			return rest[0]
		}
		Raise("KeyError", "%s", rt.repr(a[1]))
		return nil
	}),
	"popitem": Define("popitem", "self, /", func(rt *Runtime, a []Value) Value {
		d := a[0].(*Dict)
		keys := rt.listView(&dictView{d, "dict_keys"})
		if len(keys) == 0 {
			Raise("KeyError", "'popitem(): dictionary is empty'")
		}
		key := keys[len(keys)-1]
		v, _ := d.remove(rt, key)
		return newTuple(key, v)
	}),
	"setdefault": Define("setdefault", "self, key, default=None, /", func(rt *Runtime, a []Value) Value {
		d := a[0].(*Dict)
		if v, ok := d.Get(rt, a[1]); ok {
			return v
		}
		d.Set(rt, a[1], a[2])
		return a[2]
	}),
	"update": Define("update", "self, /, *args, **kwargs", func(rt *Runtime, a []Value) Value {
		rt.FillDict(a[0].(*Dict), "update", a[1].(*Tuple).Items, a[2].(*Dict))
		return None
	}),
	"clear": Define("clear", "self, /", func(_ *Runtime, a []Value) Value {
		a[0].(*Dict).clear()
		return None
	}),
	"copy": Define("copy", "self, /", func(rt *Runtime, a []Value) Value {
		return a[0].(*Dict).copy(rt)
	}),
	"fromkeys": Define("fromkeys", "self, iterable, value=None, /", func(rt *Runtime, a []Value) Value {
		d := NewDict()
		for _, k := range rt.ToSlice(a[1]) {
			d.Set(rt, k, a[2])
		}
		return d
	}),
}

func viewMethod(kind string) *Builtin {
	return Define(kind, "self, /", func(_ *Runtime, a []Value) Value {
		return &dictView{a[0].(*Dict), "dict_" + kind}
	})
}

// FillDict adds what dict(...) and dict.update(...) take: at most one mapping
// or iterable of pairs, and named values.
func (rt *Runtime) FillDict(d *Dict, name string, args []Value, named *Dict) {
	if len(args) > 1 {
		Raise("TypeError", "%s expected at most 1 argument, got %d", name, len(args))
	}
	for _, arg := range args {
		if src, ok := arg.(*Dict); ok {
			for _, e := range src.entries {
				if e.key != nil {
					d.Set(rt, e.key, e.value)
				}
			}
			continue
		}
		rt.CheckUndefined(arg)
		for i, pair := range rt.ToSlice(arg) {
			items := rt.ToSlice(pair)
			if len(items) != 2 {
				Raise("ValueError", "dictionary update sequence element #%d has length %d; 2 is required", i, len(items))
			}
			d.Set(rt, items[0], items[1])
		}
	}
	for _, e := range named.entries {
		if e.key != nil {
			d.Set(rt, e.key, e.value)
		}
	}
}
