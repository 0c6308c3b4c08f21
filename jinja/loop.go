package jinja

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// The values that only the evaluator has.
var _ = []python.Object{(*loopContext)(nil), (*macroValue)(nil), (*module)(nil), (*blockRef)(nil), (*selfRef)(nil),
	(*cycler)(nil), (*joiner)(nil), (*sourced)(nil)}

// loopContext is the "loop" of a for loop.
type loopContext struct {
	iterable python.Value
	it       python.Iterator
	n        int // length, -1 where not yet known
	index0   int
	before   python.Value
	current  python.Value
	after    python.Value // read ahead; nil if not
	changed  *python.Tuple
	depth0   int
	recurse  func(iterable python.Value, depth int) python.Value // nil: not recursive
}

// restIterator has what is left of a loop.
type restIterator struct{ items []python.Value }

func (it *restIterator) Next() (python.Value, bool) {
	if len(it.items) == 0 {
		return nil, false
	}
	v := it.items[0]
	it.items = it.items[1:]
	return v, true
}

type loopIterator struct{ l *loopContext }

func (it loopIterator) Next() (python.Value, bool) {
	v, ok := it.l.advance()
	if !ok {
		return nil, false
	}
	return &python.Tuple{Items: []python.Value{v, it.l}}, true
}

func (l *loopContext) advance() (python.Value, bool) {
	v := l.after
	if v == nil {
		var ok bool
		if v, ok = l.it.Next(); !ok {
			return nil, false
		}
	}
	l.after = nil
	l.index0++
	l.before, l.current = l.current, v
	return v, true
}

func (l *loopContext) peek() python.Value {
	if l.after == nil {
		if v, ok := l.it.Next(); ok {
			l.after = v
		}
	}
	return l.after
}

// Length is the number of items; it reads all that are left to know it.
func (l *loopContext) Length(rt *python.Runtime) int {
	if l.n >= 0 {
		return l.n
	}
	if n, ok := rt.Length(l.iterable); ok {
		l.n = n
		return n
	}
	var rest []python.Value
	for {
		v, ok := l.it.Next()
		if !ok {
			break
		}
		rest = rt.AppendItem(rest, v)
	}
	l.it = &restIterator{rest}
	l.n = len(rest) + l.index0 + 1
	if l.after != nil {
		l.n++
	}
	return l.n
}

var loopMethods = map[string]*python.Builtin{
	"cycle": python.Define("cycle", "self, *args", func(_ *python.Runtime, a []python.Value) python.Value {
		args := a[1].(*python.Tuple).Items
		if len(args) == 0 {
			python.Raise("TypeError", "no items for cycling given")
		}
		return args[a[0].(*loopContext).index0%len(args)]
	}),
	"changed": python.Define("changed", "self, *value", func(rt *python.Runtime, a []python.Value) python.Value {
		l, value := a[0].(*loopContext), a[1].(*python.Tuple)
		if l.changed != nil && rt.Equal(l.changed, value) {
			return false
		}
		l.changed = value
		return true
	}),
}

// Iterate goes on where the loop is, with each item in a pair with the loop.
func (l *loopContext) Iterate() python.Iterator { return loopIterator{l} }

// TypeName is the class of "loop".
func (l *loopContext) TypeName() (module, name string) { return "jinja2.runtime", "LoopContext" }

// Text says which round it is.
func (l *loopContext) Text(rt *python.Runtime, _ bool) string {
	return fmt.Sprintf("<LoopContext %d/%d>", l.index0+1, l.Length(rt))
}

// Call is the next level of a recursive loop.
func (l *loopContext) Call(_ *python.Runtime, pos []python.Value, named []python.Kwarg) python.Value {
	if l.recurse == nil {
		python.Raise("TypeError", "The loop must have the 'recursive' marker to be called recursively.")
	}
	if len(pos) != 1 || len(named) > 0 {
		python.Raise("TypeError", "loop() takes 1 argument")
	}
	return l.recurse(plain(pos[0]), l.depth0+1)
}

// Attribute is what a template asks of "loop".
func (l *loopContext) Attribute(rt *python.Runtime, name string) python.Value {
	switch name {
	case "index":
		return int64(l.index0 + 1)
	case "index0":
		return int64(l.index0)
	case "revindex":
		return int64(l.Length(rt) - l.index0)
	case "revindex0":
		return int64(l.Length(rt) - l.index0 - 1)
	case "first":
		return l.index0 == 0
	case "last":
		return l.peek() == nil
	case "length":
		return int64(l.Length(rt))
	case "depth":
		return int64(l.depth0 + 1)
	case "depth0":
		return int64(l.depth0)
	case "previtem":
		if l.index0 == 0 {
			return &python.Undefined{Hint: "there is no previous item", Name: "previtem"}
		}
		return l.before
	case "nextitem":
		if v := l.peek(); v != nil {
			return v
		}
		return &python.Undefined{Hint: "there is no next item", Name: "nextitem"}
	}
	if m, ok := loopMethods[name]; ok {
		return m.Method(l)
	}
	return nil
}

func (fr *frame) forStmt(s *syntax.For) {
	fr.at(s.Line)
	iterable := fr.plain(s.Iter)
	if !s.Recursive {
		iterate(s, fr, fr, iterable, nil, 0)
		return
	}
	out := fr.out
	var recurse func(iterable python.Value, depth int) python.Value
	recurse = func(iterable python.Value, depth int) python.Value {
		fr.rt.Push()
		fr.rt.Step()
		buf := &buffer{rt: fr.rt}
		iterate(s, newFrame(fr.rt, fr.ctx, buf, s.Fn, fr), fr, iterable, recurse, depth)
		fr.rt.Pop()
		return buf.captured()
	}
	out.writeValue(recurse(iterable, 0), s.Line)
}

// iterate runs the loop in frame in; outer is the frame around the loop.
func iterate(s *syntax.For, in, outer *frame, iterable python.Value, recurse func(python.Value, int) python.Value, depth int) {
	rt := in.rt
	rt.line = s.Line
	it := rt.MustIterate(iterable)
	if s.Test != nil {
		it = &testIterator{s: s, it: it, fr: newFrame(rt, outer.ctx, in.out, s.TestFn, outer)}
		iterable = python.NewGenerator(nil) // its length is not known
	}
	empty := true
	if !s.Extended {
		for v, ok := it.Next(); ok; v, ok = it.Next() {
			empty = false
			in.assign(s.Target, v)
			in.enter(s.Scope)
			in.run(s.Body)
		}
	} else {
		loop := &loopContext{iterable: iterable, it: it, n: -1, index0: -1, depth0: depth, recurse: recurse}
		for v, ok := loop.advance(); ok; v, ok = loop.advance() {
			empty = false
			in.assign(s.Target, v)
			in.slots[s.LoopSlot] = loop
			in.enter(s.Scope)
			in.run(s.Body)
		}
	}
	if empty && len(s.Otherwise) > 0 {
		in.enter(s.ElseScope)
		in.run(s.Otherwise)
	}
}

// testIterator is the "if" of a for loop.
type testIterator struct {
	s  *syntax.For
	it python.Iterator
	fr *frame
	on bool
}

func (t *testIterator) Next() (python.Value, bool) {
	if !t.on {
		t.fr.enter(t.s.TestScope)
		t.on = true
	}
	for {
		v, ok := t.it.Next()
		if !ok {
			return nil, false
		}
		t.fr.assign(t.s.TestTarget, v)
		t.fr.at(t.s.Line)
		if t.fr.rt.IsTrue(t.fr.plain(t.s.Test)) {
			return v, true
		}
	}
}
