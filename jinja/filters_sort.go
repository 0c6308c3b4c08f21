package jinja

import (
	"strconv"
	"strings"
)

// attrGetter returns the function that looks up a dotted attribute; None looks
// up nothing.
func (rt *state) attrGetter(attribute Value) func(Value) Value {
	return rt.attrGetterDefault(attribute, None)
}

func (rt *state) attrGetterDefault(attribute, byDefault Value) func(Value) Value {
	var parts []Value
	if s, ok := asString(attribute); ok {
		for _, part := range strings.Split(s, ".") {
			if n, err := strconv.ParseUint(part, 10, 31); err == nil {
				parts = append(parts, int64(n))
			} else {
				parts = append(parts, part)
			}
		}
	} else if attribute != None {
		parts = []Value{attribute}
	}
	return func(v Value) Value {
		for _, part := range parts {
			v = rt.getItem(v, part)
			if _, ok := v.(*Undefined); ok && byDefault != None {
				v = byDefault
			}
		}
		return v
	}
}

// sortKey returns the function that makes the key an item is sorted by.
func (rt *state) sortKey(attribute Value, caseSensitive bool) func(Value) Value {
	get := rt.attrGetter(attribute)
	return func(v Value) Value { return rt.foldCase(get(v), caseSensitive) }
}

func (rt *state) foldCase(v Value, caseSensitive bool) Value {
	if s, ok := asString(v); ok && !caseSensitive {
		rt.charge(textSize)
		rt.chargeText(s)
		return lower(s)
	}
	return v
}

func sortFilters() {
	addFilter("sort", "value, reverse=False, case_sensitive=False, attribute=None", func(rt *state, a []Value) Value {
		return newList(rt.sorted(rt.toSlice(a[0]), rt.multiKey(a[3], rt.isTrue(a[2])), intArg(rt, a[1]) != 0))
	})
	addFilter("dictsort", "value, case_sensitive=False, by='key', reverse=False", func(rt *state, a []Value) Value {
		pos := 0
		switch by, _ := asString(a[2]); by {
		case "key":
		case "value":
			pos = 1
		default:
			raise("FilterArgumentError", "You can only sort by either \"key\" or \"value\"")
		}
		rt.checkUndefined(a[0])
		d, ok := a[0].(*Dict)
		if !ok {
			raise("AttributeError", "%s object has no attribute 'items'", quote(typeName(a[0])))
		}
		exact := rt.isTrue(a[1])
		key := func(v Value) Value { return rt.foldCase(v.(*Tuple).Items[pos], exact) }
		return newList(rt.sorted(rt.listView(&dictView{d, "dict_items"}), key, intArg(rt, a[3]) != 0))
	})
	addFilter("unique", "value, case_sensitive=False, attribute=None", func(rt *state, a []Value) Value {
		return deferred(func() func() (Value, bool) {
			it, key := rt.mustIterate(a[0]), rt.sortKey(a[2], rt.isTrue(a[1]))
			seen := map[any]bool{}
			return func() (Value, bool) {
				for {
					v, ok := it.next()
					if !ok {
						return nil, false
					}
					if h := rt.hash(key(v)); !seen[h] {
						rt.charge(entrySize)
						seen[h] = true
						return v, true
					}
				}
			}
		})
	})
	extremeFilters()
	addFilter("groupby", "value, attribute, default=None, case_sensitive=False", func(rt *state, a []Value) Value {
		return rt.groupBy(a[0], a[1], a[2], rt.isTrue(a[3]))
	})
}

func extremeFilters() {
	extreme := func(name string, better func(rt *state, a, b Value) bool) {
		addFilter(name, "value, case_sensitive=False, attribute=None", func(rt *state, a []Value) Value {
			it, key := rt.mustIterate(a[0]), rt.sortKey(a[2], rt.isTrue(a[1]))
			best, ok := it.next()
			if !ok {
				return &Undefined{hint: "No aggregated item, sequence was empty."}
			}
			bestKey := key(best)
			for v, ok := it.next(); ok; v, ok = it.next() {
				if k := key(v); better(rt, k, bestKey) {
					best, bestKey = v, k
				}
			}
			return best
		})
	}
	extreme("min", func(rt *state, a, b Value) bool { return rt.compare(cmpLt, a, b) })
	extreme("max", func(rt *state, a, b Value) bool { return rt.compare(cmpGt, a, b) })
}

// multiKey makes a list of several attributes, separated by commas, the key.
func (rt *state) multiKey(attribute Value, caseSensitive bool) func(Value) Value {
	attributes := []Value{attribute}
	if s, ok := asString(attribute); ok {
		attributes = nil
		for _, part := range strings.Split(s, ",") {
			attributes = append(attributes, part)
		}
	}
	var keys []func(Value) Value
	for _, attr := range attributes {
		keys = append(keys, rt.sortKey(attr, caseSensitive))
	}
	return func(v Value) Value {
		rt.charge(listSize + itemSize*len(keys))
		out := make([]Value, len(keys))
		for i, key := range keys {
			out[i] = key(v)
		}
		return newList(out)
	}
}

var groupNames = []string{"grouper", "list"}

func (rt *state) groupBy(v, attribute, byDefault Value, caseSensitive bool) Value {
	get := rt.attrGetterDefault(attribute, byDefault)
	key := func(v Value) Value { return rt.foldCase(get(v), caseSensitive) }
	items := rt.sorted(rt.toSlice(v), key, false)
	var groups []Value
	var group *List
	var current Value
	for _, item := range items {
		k := key(item)
		if group == nil || !rt.equal(k, current) {
			group, current = newList(nil), k
			if !caseSensitive {
				k = get(item)
			}
			rt.charge(listSize + tupleSize + 2*itemSize)
			groups = rt.appendItem(groups, &Tuple{Items: []Value{k, group}, names: groupNames})
		}
		group.Items = rt.appendItem(group.Items, item)
	}
	return newList(groups)
}
