package config

import (
	"math"
	"math/big"
)

// Map is a mapping that keeps the order in which its keys came, as a Python dict does. Keys are nil,
// bool, int, *big.Int, float64, string, dates or bytes; as in Python 1, 1.0 and true are one key.
type Map struct {
	items []Item
	index map[any]int // normal form of a key to its place in items
}

// Item is one key of a Map and its value.
type Item struct {
	Key, Value any
}

// NewMap returns a mapping of the keys and values that follow one another in pairs.
func NewMap(pairs ...any) *Map {
	m := &Map{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m.set(pairs[i], pairs[i+1])
	}
	return m
}

// Len returns how many keys there are.
func (m *Map) Len() int { return len(m.items) }

// Items returns keys and values in order. The slice is shared: do not change it.
func (m *Map) Items() []Item { return m.items }

// Each calls do for every key, in order.
func (m *Map) Each(do func(key, value any)) {
	for _, item := range m.items {
		do(item.Key, item.Value)
	}
}

// Keys returns the keys in order, those that are not strings as Python's str() prints them.
func (m *Map) Keys() []string {
	keys := make([]string, len(m.items))
	for i, item := range m.items {
		keys[i] = pythonString(item.Key)
	}
	return keys
}

// Get returns the value of a key that is a string.
func (m *Map) Get(key string) (any, bool) { return m.Lookup(key) }

// Lookup returns the value of a key of any type.
func (m *Map) Lookup(key any) (any, bool) {
	k, ok := normalKey(key)
	if !ok {
		return nil, false
	}
	i, ok := m.index[k]
	if !ok {
		return nil, false
	}
	return m.items[i].Value, true
}

// set gives a key a value. A key that is there keeps its place and its first spelling. It reports
// false for a key that cannot be one: a list or a mapping.
func (m *Map) set(key, value any) bool {
	k, ok := normalKey(key)
	if !ok {
		return false
	}
	if i, ok := m.index[k]; ok {
		m.items[i].Value = value
		return true
	}
	if m.index == nil {
		m.index = map[any]int{}
	}
	m.index[k] = len(m.items)
	m.items = append(m.items, Item{key, value})
	return true
}

// bigKey and dateKey are the normal forms of values that == does not compare as Python does.
type bigKey string

type dateKey struct {
	nanos             int64
	dateOnly, hasZone bool
}

// normalKey maps keys that Python holds for equal to one comparable value.
func normalKey(key any) (any, bool) {
	switch k := key.(type) {
	case bool:
		if k {
			return 1, true
		}
		return 0, true
	case float64:
		if k == math.Trunc(k) && math.Abs(k) < 1<<62 {
			return int(k), true
		}
		return k, true
	case *big.Int:
		return bigKey(k.String()), true
	case date:
		return dateKey{k.Time.UnixNano(), k.DateOnly, k.HasZone}, true
	case nil, int, string, binary:
		return key, true
	}
	return nil, false
}
