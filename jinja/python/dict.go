package python

import (
	"iter"
	"math"
	"math/big"
)

// Dict is Python's dict: it keeps the order of insertion, and equal numbers of
// different types are one key.
type Dict struct {
	entries []entry
	index   map[any]int
	live    int
}

type entry struct {
	key, value Value // key is nil where the entry was removed
}

// DictClass is Python's dict as a function of templates.
var DictClass = class("dict", "*args, **kwargs", func(rt *Runtime, a []Value) Value {
	d := NewDict()
	rt.FillDict(d, "dict", a[0].(*Tuple).Items, a[1].(*Dict))
	return d
})

// NewDict returns an empty Dict.
func NewDict() *Dict { return &Dict{index: map[any]int{}} }

// Len is the number of keys.
func (d *Dict) Len() int { return d.live }

// SetString sets the value of a key.
func (d *Dict) SetString(key string, v Value) { d.setHash(key, key, v) }

// GetString returns the value of a key.
func (d *Dict) GetString(key string) (Value, bool) {
	i, ok := d.index[key]
	if !ok {
		return nil, false
	}
	return d.entries[i].value, true
}

func (d *Dict) setHash(hash any, key, v Value) {
	if i, ok := d.index[hash]; ok {
		d.entries[i].value = v
		return
	}
	d.index[hash] = len(d.entries)
	d.entries = append(d.entries, entry{key, v})
	d.live++
}

// Get returns the value of a key; a key that cannot be hashed is an error.
func (d *Dict) Get(rt *Runtime, key Value) (Value, bool) {
	i, ok := d.index[rt.Hash(key)]
	if !ok {
		return nil, false
	}
	return d.entries[i].value, true
}

// Set sets the value of a key, and counts it.
func (d *Dict) Set(rt *Runtime, key, v Value) {
	rt.Charge(entrySize)
	d.setHash(rt.Hash(key), key, v)
}

func (d *Dict) remove(rt *Runtime, key Value) (Value, bool) {
	h := rt.Hash(key)
	i, ok := d.index[h]
	if !ok {
		return nil, false
	}
	v := d.entries[i].value
	delete(d.index, h)
	d.entries[i] = entry{}
	d.live--
	if len(d.entries) > 16 && d.live < len(d.entries)/2 {
		d.compact(rt)
	}
	return v, true
}

func (d *Dict) compact(rt *Runtime) {
	entries := make([]entry, 0, d.live)
	for _, e := range d.entries {
		if e.key != nil {
			d.index[rt.Hash(e.key)] = len(entries)
			entries = append(entries, e)
		}
	}
	d.entries = entries
}

func (d *Dict) clear() { *d = *NewDict() }

func (d *Dict) copy(rt *Runtime) *Dict {
	c := NewDict()
	rt.ChargeProduct(d.live, entrySize)
	for _, e := range d.entries {
		if e.key != nil {
			c.setHash(rt.Hash(e.key), e.key, e.value)
		}
	}
	return c
}

// Keys returns the keys in order.
func (d *Dict) Keys() []Value {
	keys := make([]Value, 0, d.live)
	for _, e := range d.entries {
		if e.key != nil {
			keys = append(keys, e.key)
		}
	}
	return keys
}

// list returns what a view of the given kind shows.
func (d *Dict) list(kind string) []Value {
	items := make([]Value, 0, d.live)
	for _, e := range d.entries {
		switch {
		case e.key == nil:
		case kind == "dict_keys":
			items = append(items, e.key)
		case kind == "dict_values":
			items = append(items, e.value)
		default:
			items = append(items, newTuple(e.key, e.value))
		}
	}
	return items
}

// View is what keys, values or items of d return.
func (d *Dict) View(kind string) Value { return &dictView{d, kind} }

// Pairs lists the keys of d with their values.
func (rt *Runtime) Pairs(d *Dict) []Value { return rt.listView(&dictView{d, "dict_items"}) }

// All yields the keys in order, with their values.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(key, value Value) bool) {
		for _, e := range d.entries {
			if e.key != nil && !yield(e.key, e.value) {
				return
			}
		}
	}
}

// listView is list of what a view shows.
func (rt *Runtime) listView(v *dictView) []Value {
	each := itemSize
	if v.kind == "dict_items" {
		each += tupleSize + 2*itemSize
	}
	rt.ChargeProduct(v.dict.live, each)
	return v.dict.list(v.kind)
}

type (
	bigHash   string
	tupleHash string
)

// Hash gives a Go map key that is the same for values that Python takes as the
// same key.
func (rt *Runtime) Hash(v Value) any {
	if h, ok := plainHash(v); ok {
		return h
	}
	switch v := v.(type) {
	case *Tuple:
		return rt.hashTuple(v)
	case *List, *Dict, *dictView:
		Raise("TypeError", "unhashable type: '%s'", typeName(v))
	case *Undefined:
		if !rt.IsLenient(v) {
			rt.Program.Undefined(v)
		}
	}
	return v
}

// plainHash is hash for the values that need no state; false for others.
func plainHash(v Value) (any, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Markup:
		return string(v), true
	case int64, noneType:
		return v, true
	case bool:
		if v {
			return int64(1), true
		}
		return int64(0), true
	case float64:
		return hashFloat(v), true
	case *big.Int:
		return bigHash(v.String()), true
	case *dateValue:
		return v.hash(), true
	case bytesValue:
		return v, true
	}
	return nil, false
}

func hashFloat(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return int64(f)
	}
	if f == math.Trunc(f) && !math.IsInf(f, 0) {
		n, _ := big.NewFloat(f).Int(nil)
		return bigHash(n.String())
	}
	return f
}

func (rt *Runtime) hashTuple(t *Tuple) any {
	rt.Push()
	rt.Charge(64 * len(t.Items))
	var b []byte
	for _, item := range t.Items {
		h := rt.Hash(item)
		if s, ok := Text(item); ok {
			rt.ChargeProduct(4, len(s))
		}
		text := sprintf("%T:%v", h, h)
		rt.ChargeProduct(4, len(text))
		b = append(b, sprintf("%d:", len(text))...)
		b = append(b, text...)
	}
	rt.Pop()
	return tupleHash(b)
}
