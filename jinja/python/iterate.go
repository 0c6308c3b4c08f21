package python

// Iterator yields the items of an iterable, once.
type Iterator interface {
	Next() (Value, bool)
}

type sliceIterator struct {
	items []Value
	pos   int
}

func (it *sliceIterator) Next() (Value, bool) {
	if it.pos >= len(it.items) {
		return nil, false
	}
	it.pos++
	return it.items[it.pos-1], true
}

// listIterator sees what is appended while it runs, as Python's does.
type listIterator struct {
	list *List
	pos  int
}

func (it *listIterator) Next() (Value, bool) {
	if it.pos >= len(it.list.Items) {
		return nil, false
	}
	it.pos++
	return it.list.Items[it.pos-1], true
}

type dictIterator struct {
	view *dictView
	pos  int
	live int
}

func (it *dictIterator) Next() (Value, bool) {
	d := it.view.dict
	if d.live != it.live {
		Raise("RuntimeError", "dictionary changed size during iteration")
	}
	for it.pos < len(d.entries) {
		e := &d.entries[it.pos]
		it.pos++
		switch {
		case e.key == nil:
		case it.view.kind == "dict_keys":
			return e.key, true
		case it.view.kind == "dict_values":
			return e.value, true
		default:
			return newTuple(e.key, e.value), true
		}
	}
	return nil, false
}

type stringIterator struct{ rest string }

func (it *stringIterator) Next() (Value, bool) {
	for _, r := range it.rest {
		s := it.rest[:len(string(r))]
		it.rest = it.rest[len(s):]
		return s, true
	}
	return nil, false
}

type rangeIterator struct {
	r   *rangeValue
	pos int64
	len int64
}

func (it *rangeIterator) Next() (Value, bool) {
	if it.pos >= it.len {
		return nil, false
	}
	it.pos++
	return it.r.at(it.pos - 1), true
}

func (g *generator) iterator() Iterator { return generatorIterator{g} }

type generatorIterator struct{ g *generator }

func (it generatorIterator) Next() (Value, bool) { return it.g.next() }

// stepper counts the items of another iterator against the limit of steps.
type stepper struct {
	rt *Runtime
	it Iterator
}

func (s stepper) Next() (Value, bool) {
	s.rt.Step()
	return s.it.Next()
}

// Iterator is Python's iter(v); nil where it raises TypeError.
func (rt *Runtime) Iterator(v Value) Iterator {
	var it Iterator
	switch v := v.(type) {
	case *List:
		it = &listIterator{list: v}
	case *Tuple:
		it = &sliceIterator{items: v.Items}
	case *Dict:
		it = &dictIterator{view: &dictView{v, "dict_keys"}, live: v.live}
	case *dictView:
		it = &dictIterator{view: v, live: v.dict.live}
	case string:
		it = &stringIterator{v}
	case Markup:
		it = &stringIterator{string(v)}
	case *rangeValue:
		it = &rangeIterator{r: v, len: v.length()}
	case bytesValue:
		rt.ChargeProduct(len(v), itemSize)
		it = &sliceIterator{items: v.ints()}
	case *generator:
		it = v.iterator()
	case *Undefined:
		if !rt.IsLenient(v) {
			rt.Program.Undefined(v)
		}
		it = &sliceIterator{}
	case iterable:
		it = v.Iterate()
	default:
		return nil
	}
	return stepper{rt, it}
}

// MustIterate is iterator that raises TypeError.
func (rt *Runtime) MustIterate(v Value) Iterator {
	it := rt.Iterator(v)
	if it == nil {
		Raise("TypeError", "%s object is not iterable", Quote(typeName(v)))
	}
	return it
}

// ToSlice is list(v) as a slice of its own.
func (rt *Runtime) ToSlice(v Value) []Value {
	switch v := v.(type) {
	case *List:
		return rt.ConcatItems(v.Items, nil)
	case *Tuple:
		return rt.ConcatItems(v.Items, nil)
	case *dictView:
		return rt.listView(v)
	case string, Markup, *rangeValue:
		n, _ := rt.Length(v)
		rt.ChargeProduct(n, textSize)
		return fill(make([]Value, 0, n), rt.MustIterate(v), nil)
	}
	return fill(nil, rt.MustIterate(v), rt)
}

// fill appends what is left of an iterator, and charges for it if rt is given.
func fill(items []Value, it Iterator, rt *Runtime) []Value {
	for {
		item, ok := it.Next()
		if !ok {
			return items
		}
		if rt != nil {
			items = rt.AppendItem(items, item)
		} else {
			items = append(items, item)
		}
	}
}
