package jinja

func mapFilters() {
	addFilter("map", "value, /, *args, **kwargs", func(rt *state, a []Value) Value {
		return rt.lazily(a[0], func() func(Value) (Value, bool) {
			f := rt.mapper(a[1].(*Tuple).Items, a[2].(*Dict))
			return func(v Value) (Value, bool) { return f(v), true }
		})
	})
	selection := func(name string, byAttribute, want bool) {
		addFilter(name, "value, /, *args, **kwargs", func(rt *state, a []Value) Value {
			return rt.lazily(a[0], func() func(Value) (Value, bool) {
				test := rt.selector(a[1].(*Tuple).Items, a[2].(*Dict), byAttribute)
				return func(v Value) (Value, bool) { return v, rt.isTrue(test(v)) == want }
			})
		})
	}
	selection("select", false, true)
	selection("reject", false, false)
	selection("selectattr", true, true)
	selection("rejectattr", true, false)
}

// lazily returns a generator that runs each item of v through a function,
// which is prepared when the first item is asked for.
func (rt *state) lazily(v Value, prepare func() func(Value) (Value, bool)) Value {
	var it iterator
	var f func(Value) (Value, bool)
	done := false
	return &generator{func() (Value, bool) {
		if done {
			return nil, false
		}
		if f == nil {
			if !rt.isTrue(v) {
				done = true
				return nil, false
			}
			f, it = prepare(), rt.mustIterate(v)
		}
		for {
			x, ok := it.next()
			if !ok {
				done = true
				return nil, false
			}
			if x, keep := f(x); keep {
				return x, true
			}
		}
	}, "generator"}
}

func namedArgs(d *Dict) []kwarg {
	var named []kwarg
	for _, e := range d.entries {
		if e.key != nil {
			named = append(named, kwarg{e.key.(string), e.value})
		}
	}
	return named
}

// mapper is what map applies: an attribute, or a filter by name.
func (rt *state) mapper(args []Value, kwargs *Dict) func(Value) Value {
	named := namedArgs(kwargs)
	if attribute, rest := takeArg(named, "attribute"); len(args) == 0 && attribute != nil {
		byDefault, rest := takeArg(rest, "default")
		if len(rest) > 0 {
			raise("FilterArgumentError", "Unexpected keyword argument %s", quote(rest[0].name))
		}
		if byDefault == nil {
			byDefault = None
		}
		return rt.attrGetterDefault(attribute, byDefault)
	}
	if len(args) == 0 {
		raise("FilterArgumentError", "map requires a filter argument")
	}
	f := rt.byName("filter", rt.env.filters, args[0])
	return func(v Value) Value {
		return rt.callBuiltin(f, append([]Value{v}, args[1:]...), named)
	}
}

// selector is what select and its relatives apply: a test by name, or the
// truth of the value.
func (rt *state) selector(args []Value, kwargs *Dict, byAttribute bool) func(Value) Value {
	get := func(v Value) Value { return v }
	if byAttribute {
		if len(args) == 0 {
			raise("FilterArgumentError", "Missing parameter for attribute name")
		}
		get = rt.attrGetter(args[0])
		args = args[1:]
	}
	if len(args) == 0 {
		return get
	}
	test := rt.byName("test", rt.env.tests, args[0])
	named := namedArgs(kwargs)
	return func(v Value) Value {
		return rt.callBuiltin(test, append([]Value{get(v)}, args[1:]...), named)
	}
}

func (rt *state) byName(what string, known map[string]*builtin, v Value) *builtin {
	if u, ok := v.(*Undefined); ok {
		panic(&Error{Kind: UndefinedError, Msg: u.message(), Hint: "the name of a " + what + " is written in quotes here"})
	}
	name, _ := asString(v)
	f := known[name]
	if f == nil {
		panic(&Error{Kind: RuntimeError, Msg: "No " + what + " named " + quote(name) + ".", Hint: didYouMean(name, builtinNames(known))})
	}
	return f
}
