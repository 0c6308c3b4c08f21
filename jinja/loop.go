package jinja

// iterator yields the items of an iterable, once.
type iterator interface {
	next() (Value, bool)
}

type sliceIterator struct {
	items []Value
	pos   int
}

func (it *sliceIterator) next() (Value, bool) {
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

func (it *listIterator) next() (Value, bool) {
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

func (it *dictIterator) next() (Value, bool) {
	d := it.view.dict
	if d.live != it.live {
		raise("RuntimeError", "dictionary changed size during iteration")
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

func (it *stringIterator) next() (Value, bool) {
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

func (it *rangeIterator) next() (Value, bool) {
	if it.pos >= it.len {
		return nil, false
	}
	it.pos++
	return it.r.at(it.pos - 1), true
}

func (g *generator) iterator() iterator { return generatorIterator{g} }

type generatorIterator struct{ g *generator }

func (it generatorIterator) next() (Value, bool) { return it.g.next() }

// stepper counts the items of another iterator against the limit of steps.
type stepper struct {
	rt *state
	it iterator
}

func (s stepper) next() (Value, bool) {
	s.rt.step()
	return s.it.next()
}

// iterator is Python's iter(v); nil where it raises TypeError.
func (rt *state) iterator(v Value) iterator {
	var it iterator
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
		rt.chargeProduct(len(v), itemSize)
		it = &sliceIterator{items: v.ints()}
	case *generator:
		it = v.iterator()
	case *loopContext:
		it = loopIterator{v}
	case *Undefined:
		if !rt.isLenient(v) {
			rt.useUndefined(v)
		}
		it = &sliceIterator{}
	default:
		return nil
	}
	return stepper{rt, it}
}

// mustIterate is iterator that raises TypeError.
func (rt *state) mustIterate(v Value) iterator {
	it := rt.iterator(v)
	if it == nil {
		raise("TypeError", "%s object is not iterable", quote(typeName(v)))
	}
	return it
}

// toSlice is list(v) as a slice of its own.
func (rt *state) toSlice(v Value) []Value {
	switch v := v.(type) {
	case *List:
		return rt.concatItems(v.Items, nil)
	case *Tuple:
		return rt.concatItems(v.Items, nil)
	case *dictView:
		return rt.listView(v)
	case string, Markup, *rangeValue:
		n, _ := rt.length(v)
		rt.chargeProduct(n, textSize)
		return fill(make([]Value, 0, n), rt.mustIterate(v), nil)
	}
	return fill(nil, rt.mustIterate(v), rt)
}

// fill appends what is left of an iterator, and charges for it if rt is given.
func fill(items []Value, it iterator, rt *state) []Value {
	for {
		item, ok := it.next()
		if !ok {
			return items
		}
		if rt != nil {
			items = rt.appendItem(items, item)
		} else {
			items = append(items, item)
		}
	}
}

// loopContext is the "loop" of a for loop.
type loopContext struct {
	iterable Value
	it       iterator
	n        int // length, -1 where not yet known
	index0   int
	before   Value
	current  Value
	after    Value // read ahead; nil if not
	changed  *Tuple
	depth0   int
	recurse  func(iterable Value, depth int) Value // nil: not recursive
}

type loopIterator struct{ l *loopContext }

func (it loopIterator) next() (Value, bool) {
	v, ok := it.l.advance()
	if !ok {
		return nil, false
	}
	return newTuple(v, it.l), true
}

func (l *loopContext) advance() (Value, bool) {
	v := l.after
	if v == nil {
		var ok bool
		if v, ok = l.it.next(); !ok {
			return nil, false
		}
	}
	l.after = nil
	l.index0++
	l.before, l.current = l.current, v
	return v, true
}

func (l *loopContext) peek() Value {
	if l.after == nil {
		if v, ok := l.it.next(); ok {
			l.after = v
		}
	}
	return l.after
}

func (l *loopContext) length(rt *state) int {
	if l.n >= 0 {
		return l.n
	}
	if n, ok := rt.length(l.iterable); ok {
		l.n = n
		return n
	}
	var rest []Value
	for {
		v, ok := l.it.next()
		if !ok {
			break
		}
		rest = rt.appendItem(rest, v)
	}
	l.it = &sliceIterator{items: rest}
	l.n = len(rest) + l.index0 + 1
	if l.after != nil {
		l.n++
	}
	return l.n
}

var loopMethods = map[string]*builtin{
	"cycle": define("cycle", "self, *args", func(_ *state, a []Value) Value {
		args := a[1].(*Tuple).Items
		if len(args) == 0 {
			raise("TypeError", "no items for cycling given")
		}
		return args[a[0].(*loopContext).index0%len(args)]
	}),
	"changed": define("changed", "self, *value", func(rt *state, a []Value) Value {
		l, value := a[0].(*loopContext), a[1].(*Tuple)
		if l.changed != nil && rt.equal(l.changed, value) {
			return false
		}
		l.changed = value
		return true
	}),
}

func (l *loopContext) attr(rt *state, name string) Value {
	switch name {
	case "index":
		return int64(l.index0 + 1)
	case "index0":
		return int64(l.index0)
	case "revindex":
		return int64(l.length(rt) - l.index0)
	case "revindex0":
		return int64(l.length(rt) - l.index0 - 1)
	case "first":
		return l.index0 == 0
	case "last":
		return l.peek() == nil
	case "length":
		return int64(l.length(rt))
	case "depth":
		return int64(l.depth0 + 1)
	case "depth0":
		return int64(l.depth0)
	case "previtem":
		if l.index0 == 0 {
			return &Undefined{hint: "there is no previous item", name: "previtem"}
		}
		return l.before
	case "nextitem":
		if v := l.peek(); v != nil {
			return v
		}
		return &Undefined{hint: "there is no next item", name: "nextitem"}
	}
	if m, ok := loopMethods[name]; ok {
		return &boundMethod{l, m}
	}
	return nil
}

func (s *forStmt) exec(fr *frame) {
	fr.at(s.line)
	iterable := s.iter.eval(fr)
	if !s.recursive {
		s.iterate(fr, fr, iterable, nil, 0)
		return
	}
	out := fr.out
	var recurse func(iterable Value, depth int) Value
	recurse = func(iterable Value, depth int) Value {
		fr.rt.push()
		fr.rt.step()
		buf := &buffer{rt: fr.rt}
		s.iterate(newFrame(fr.rt, fr.ctx, buf, s.fn, fr), fr, iterable, recurse, depth)
		fr.rt.pop()
		return buf.captured()
	}
	out.writeFrom(fr.rt.str(recurse(iterable, 0)), s.line, false)
}

// iterate runs the loop in frame in; outer is the frame around the loop.
func (s *forStmt) iterate(in, outer *frame, iterable Value, recurse func(Value, int) Value, depth int) {
	rt := in.rt
	rt.line = s.line
	it := rt.mustIterate(iterable)
	if s.test != nil {
		it = &testIterator{s: s, it: it, fr: newFrame(rt, outer.ctx, in.out, s.testFn, outer)}
		iterable = &generator{typ: "generator"} // its length is not known
	}
	empty := true
	if !s.extended {
		for v, ok := it.next(); ok; v, ok = it.next() {
			empty = false
			s.target.assign(in, v)
			in.enter(s.scope)
			in.run(s.body)
		}
	} else {
		loop := &loopContext{iterable: iterable, it: it, n: -1, index0: -1, depth0: depth, recurse: recurse}
		for v, ok := loop.advance(); ok; v, ok = loop.advance() {
			empty = false
			s.target.assign(in, v)
			in.slots[s.loopSlot] = loop
			in.enter(s.scope)
			in.run(s.body)
		}
	}
	if empty && len(s.otherwise) > 0 {
		in.enter(s.elseScope)
		in.run(s.otherwise)
	}
}

// testIterator is the "if" of a for loop.
type testIterator struct {
	s  *forStmt
	it iterator
	fr *frame
	on bool
}

func (t *testIterator) next() (Value, bool) {
	if !t.on {
		t.fr.enter(t.s.testScope)
		t.on = true
	}
	for {
		v, ok := t.it.next()
		if !ok {
			return nil, false
		}
		t.s.testTarget.assign(t.fr, v)
		t.fr.at(t.s.line)
		if t.fr.rt.isTrue(t.s.test.eval(t.fr)) {
			return v, true
		}
	}
}
