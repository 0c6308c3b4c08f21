package jinja

import (
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// attrGetter returns the function that looks up a dotted attribute; None looks
// up nothing.
func attrGetter(rt *python.Runtime, attribute python.Value) func(python.Value) python.Value {
	return attrGetterDefault(rt, attribute, python.None)
}

func attrGetterDefault(rt *python.Runtime, attribute, byDefault python.Value) func(python.Value) python.Value {
	var parts []python.Value
	if s, ok := python.Text(attribute); ok {
		for _, part := range strings.Split(s, ".") {
			if n, err := strconv.ParseUint(part, 10, 31); err == nil {
				parts = append(parts, int64(n))
			} else {
				parts = append(parts, part)
			}
		}
	} else if attribute != python.None {
		parts = []python.Value{attribute}
	}
	return func(v python.Value) python.Value {
		for _, part := range parts {
			v = rt.GetItem(v, part)
			if _, ok := v.(*python.Undefined); ok && byDefault != python.None {
				v = byDefault
			}
		}
		return v
	}
}

// sortKey returns the function that makes the key an item is sorted by.
func sortKey(rt *python.Runtime, attribute python.Value, caseSensitive bool) func(python.Value) python.Value {
	get := attrGetter(rt, attribute)
	return func(v python.Value) python.Value { return rt.FoldCase(get(v), caseSensitive) }
}

func sortFilters() {
	addFilter("sort", "value, reverse=False, case_sensitive=False, attribute=None", func(rt *python.Runtime, a []python.Value) python.Value {
		return python.NewList(rt.Sorted(rt.ToSlice(a[0]), multiKey(rt, a[3], rt.IsTrue(a[2])), rt.IntArg(a[1]) != 0))
	})
	addFilter("dictsort", "value, case_sensitive=False, by='key', reverse=False", func(rt *python.Runtime, a []python.Value) python.Value {
		pos := 0
		switch by, _ := python.Text(a[2]); by {
		case "key":
		case "value":
			pos = 1
		default:
			python.Raise("FilterArgumentError", "You can only sort by either \"key\" or \"value\"")
		}
		rt.CheckUndefined(a[0])
		d, ok := a[0].(*python.Dict)
		if !ok {
			python.Raise("AttributeError", "%s object has no attribute 'items'", python.Quote(rt.TypeName(a[0])))
		}
		exact := rt.IsTrue(a[1])
		key := func(v python.Value) python.Value { return rt.FoldCase(v.(*python.Tuple).Items[pos], exact) }
		return python.NewList(rt.Sorted(rt.Pairs(d), key, rt.IntArg(a[3]) != 0))
	})
	addFilter("unique", "value, case_sensitive=False, attribute=None", func(rt *python.Runtime, a []python.Value) python.Value {
		return deferred(func() func() (python.Value, bool) {
			it, key := rt.MustIterate(a[0]), sortKey(rt, a[2], rt.IsTrue(a[1]))
			seen := map[any]bool{}
			return func() (python.Value, bool) {
				for {
					v, ok := it.Next()
					if !ok {
						return nil, false
					}
					if h := rt.Hash(key(v)); !seen[h] {
						rt.ChargeEntries(1)
						seen[h] = true
						return v, true
					}
				}
			}
		})
	})
	extremeFilters()
	addFilter("groupby", "value, attribute, default=None, case_sensitive=False", func(rt *python.Runtime, a []python.Value) python.Value {
		return groupBy(rt, a[0], a[1], a[2], rt.IsTrue(a[3]))
	})
}

func extremeFilters() {
	extreme := func(name string, better func(rt *python.Runtime, a, b python.Value) bool) {
		addFilter(name, "value, case_sensitive=False, attribute=None", func(rt *python.Runtime, a []python.Value) python.Value {
			it, key := rt.MustIterate(a[0]), sortKey(rt, a[2], rt.IsTrue(a[1]))
			best, ok := it.Next()
			if !ok {
				return &python.Undefined{Hint: "No aggregated item, sequence was empty."}
			}
			bestKey := key(best)
			for v, ok := it.Next(); ok; v, ok = it.Next() {
				if k := key(v); better(rt, k, bestKey) {
					best, bestKey = v, k
				}
			}
			return best
		})
	}
	extreme("min", func(rt *python.Runtime, a, b python.Value) bool { return rt.Compare("<", a, b) })
	extreme("max", func(rt *python.Runtime, a, b python.Value) bool { return rt.Compare(">", a, b) })
}

// multiKey makes a list of several attributes, separated by commas, the key.
func multiKey(rt *python.Runtime, attribute python.Value, caseSensitive bool) func(python.Value) python.Value {
	attributes := []python.Value{attribute}
	if s, ok := python.Text(attribute); ok {
		attributes = nil
		for _, part := range strings.Split(s, ",") {
			attributes = append(attributes, part)
		}
	}
	var keys []func(python.Value) python.Value
	for _, attr := range attributes {
		keys = append(keys, sortKey(rt, attr, caseSensitive))
	}
	return func(v python.Value) python.Value {
		rt.ChargeList(len(keys))
		out := make([]python.Value, len(keys))
		for i, key := range keys {
			out[i] = key(v)
		}
		return python.NewList(out)
	}
}

var groupNames = []string{"grouper", "list"}

func groupBy(rt *python.Runtime, v, attribute, byDefault python.Value, caseSensitive bool) python.Value {
	get := attrGetterDefault(rt, attribute, byDefault)
	key := func(v python.Value) python.Value { return rt.FoldCase(get(v), caseSensitive) }
	items := rt.Sorted(rt.ToSlice(v), key, false)
	var groups []python.Value
	var group *python.List
	var current python.Value
	for _, item := range items {
		k := key(item)
		if group == nil || !rt.Equal(k, current) {
			group, current = python.NewList(nil), k
			if !caseSensitive {
				k = get(item)
			}
			rt.ChargeList(6) // a list and a pair
			groups = rt.AppendItem(groups, &python.Tuple{Items: []python.Value{k, group}, Names: groupNames})
		}
		group.Items = rt.AppendItem(group.Items, item)
	}
	return python.NewList(groups)
}
