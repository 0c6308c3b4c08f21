package jinja

var builtinGlobals map[string]Value

func init() {
	builtinGlobals = map[string]Value{}
	add := func(isClass bool, b *builtin) { builtinGlobals[b.name] = &function{b, isClass} }
	add(true, define("range", "start, stop=None, step=1, /", func(rt *state, a []Value) Value { return makeRange(rt, a) }))
	add(true, define("dict", "*args, **kwargs", func(rt *state, a []Value) Value {
		d := NewDict()
		rt.fillDict(d, "dict", a[0].(*Tuple).Items, a[1].(*Dict))
		return d
	}))
	add(true, define("namespace", "*args, **kwargs", func(rt *state, a []Value) Value {
		d := NewDict()
		rt.fillDict(d, "dict", a[0].(*Tuple).Items, a[1].(*Dict))
		return &namespace{d}
	}))
	add(true, define("cycler", "*items", func(_ *state, a []Value) Value {
		items := a[0].(*Tuple).Items
		if len(items) == 0 {
			raise("RuntimeError", "at least one item has to be provided")
		}
		return &cycler{items: items}
	}))
	add(true, define("joiner", "sep=', '", func(_ *state, a []Value) Value { return &joiner{sep: a[0]} }))
	add(false, define("lipsum", "n=5, html=True, min=20, max=100", func(*state, []Value) Value {
		panic(&Error{Kind: RuntimeError, Msg: "lipsum() is not supported: its text is random, and an image must not be",
			Hint: "write the text into the template"})
	}))
}

var cyclerMethods = map[string]*builtin{
	"next": define("next", "self, /", func(_ *state, a []Value) Value {
		c := a[0].(*cycler)
		v := c.items[c.pos]
		c.pos = (c.pos + 1) % len(c.items)
		return v
	}),
	"reset": define("reset", "self, /", func(_ *state, a []Value) Value {
		a[0].(*cycler).pos = 0
		return None
	}),
}

func makeRange(rt *state, a []Value) Value {
	r := &rangeValue{step: 1}
	if a[1] == None {
		r.stop = int64(intArg(rt, a[0]))
		return bounded(r)
	}
	r.start, r.stop, r.step = int64(intArg(rt, a[0])), int64(intArg(rt, a[1])), int64(intArg(rt, a[2]))
	if r.step == 0 {
		raise("ValueError", "range() arg 3 must not be zero")
	}
	return bounded(r)
}

// bounded refuses ranges that no loop could run through.
func bounded(r *rangeValue) Value {
	const most = 1 << 53
	if r.start > most || r.start < -most || r.stop > most || r.stop < -most || r.step > most || r.step < -most {
		raise(LimitError, "range is too big")
	}
	return r
}
