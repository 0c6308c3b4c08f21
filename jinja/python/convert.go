package python

import (
	"fmt"
	"math/big"
	"reflect"
	"sort"
	"time"
)

// orderedMap is a mapping that keeps its order and whose keys may be any of the
// values FromGo accepts; Each calls do for every key in order.
type orderedMap interface {
	Each(do func(key, value any))
}

// FromGo converts a Go value: nil, bool, integers, floats, strings, slices, maps
// (keys sorted), *big.Int; a mapping in order with the method Each, a date with
// Moment, bytes with Binary; anything else through its String method or fmt.
// Values of this package, and what Define makes, stay as they are.
func FromGo(v any) Value {
	switch v := v.(type) {
	case nil:
		return None
	case noneType, bool, int64, float64, string, Markup, *List, *Tuple, *Dict, *Undefined, *dateValue, deltaValue, zoneValue, bytesValue, *Builtin, Object:
		return v
	case *big.Int:
		return normInt(v)
	case int:
		return int64(v)
	case []byte:
		return string(v)
	case []any:
		items := make([]Value, len(v))
		for i, x := range v {
			items[i] = FromGo(x)
		}
		return NewList(items)
	case moment:
		t, dateOnly, hasZone := v.Moment()
		return &dateValue{t.Truncate(time.Microsecond), dateOnly, hasZone}
	case binary:
		return bytesValue(v.Binary())
	case orderedMap:
		d := NewDict()
		v.Each(func(key, value any) {
			k := FromGo(key)
			if hash, ok := plainHash(k); ok {
				d.setHash(hash, k, FromGo(value))
			}
		})
		return d
	case map[string]any:
		d := NewDict()
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			d.SetString(k, FromGo(v[k]))
		}
		return d
	case fmt.Stringer:
		return v.String()
	}
	return fromReflect(reflect.ValueOf(v))
}

func fromReflect(v reflect.Value) Value {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return normInt(new(big.Int).SetUint64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.String:
		return v.String()
	case reflect.Slice, reflect.Array:
		items := make([]Value, v.Len())
		for i := range items {
			items[i] = FromGo(v.Index(i).Interface())
		}
		return NewList(items)
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			break
		}
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		d := NewDict()
		for _, k := range keys {
			d.SetString(k.String(), FromGo(v.MapIndex(k).Interface()))
		}
		return d
	case reflect.Pointer:
		if v.IsNil() {
			return None
		}
	}
	return fmt.Sprint(v.Interface())
}

// ToGo converts a value for a filter written in Go: nil, bool, int64,
// *big.Int, float64, string, []any, map[string]any. Undefined is an error.
func (rt *Runtime) ToGo(v Value, depth int) any {
	if depth > 100 {
		Raise("RecursionError", "value is nested too deeply")
	}
	switch v := v.(type) {
	case noneType:
		return nil
	case bool, int64, *big.Int, float64, string:
		return v
	case Markup:
		return string(v)
	case *Undefined:
		rt.Program.Undefined(v)
	case bytesValue:
		return rt.Str(v)
	case *Dict:
		rt.ChargeProduct(v.Len(), entrySize)
		m := make(map[string]any, v.Len())
		for _, e := range v.entries {
			if e.key != nil {
				m[rt.Str(e.key)] = rt.ToGo(e.value, depth+1)
			}
		}
		return m
	}
	if it := rt.Iterator(v); it != nil {
		out := []any{}
		for x, ok := it.Next(); ok; x, ok = it.Next() {
			rt.Charge(4 * itemSize)
			out = append(out, rt.ToGo(x, depth+1))
		}
		return out
	}
	return rt.Str(v)
}
