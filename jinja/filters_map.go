package jinja

import "github.com/slipway-build/slipway/jinja/python"

func mapFilters() {
	addFilter("map", "value, /, *args, **kwargs", func(rt *python.Runtime, a []python.Value) python.Value {
		return lazily(rt, a[0], func() func(python.Value) (python.Value, bool) {
			f := mapper(rt, a[1].(*python.Tuple).Items, a[2].(*python.Dict))
			return func(v python.Value) (python.Value, bool) { return f(v), true }
		})
	})
	selection := func(name string, byAttribute, want bool) {
		addFilter(name, "value, /, *args, **kwargs", func(rt *python.Runtime, a []python.Value) python.Value {
			return lazily(rt, a[0], func() func(python.Value) (python.Value, bool) {
				test := selector(rt, a[1].(*python.Tuple).Items, a[2].(*python.Dict), byAttribute)
				return func(v python.Value) (python.Value, bool) { return v, rt.IsTrue(test(v)) == want }
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
func lazily(rt *python.Runtime, v python.Value, prepare func() func(python.Value) (python.Value, bool)) python.Value {
	var it python.Iterator
	var f func(python.Value) (python.Value, bool)
	done := false
	return python.NewGenerator(func() (python.Value, bool) {
		if done {
			return nil, false
		}
		if f == nil {
			if !rt.IsTrue(v) {
				done = true
				return nil, false
			}
			f, it = prepare(), rt.MustIterate(v)
		}
		for {
			x, ok := it.Next()
			if !ok {
				done = true
				return nil, false
			}
			if x, keep := f(x); keep {
				return x, true
			}
		}
	})
}

// mapper is what map applies: an attribute, or a filter by name.
func mapper(rt *python.Runtime, args []python.Value, kwargs *python.Dict) func(python.Value) python.Value {
	named := kwargs.NamedArgs()
	if attribute, rest := takeArg(named, "attribute"); len(args) == 0 && attribute != nil {
		byDefault, rest := takeArg(rest, "default")
		if len(rest) > 0 {
			python.Raise("FilterArgumentError", "Unexpected keyword argument %s", python.Quote(rest[0].Name))
		}
		if byDefault == nil {
			byDefault = python.None
		}
		return attrGetterDefault(rt, attribute, byDefault)
	}
	if len(args) == 0 {
		python.Raise("FilterArgumentError", "map requires a filter argument")
	}
	f := byName(rt, "filter", stateOf(rt).env.filters, args[0])
	return func(v python.Value) python.Value {
		return rt.CallBuiltin(f, append([]python.Value{v}, args[1:]...), named)
	}
}

// selector is what select and its relatives apply: a test by name, or the
// truth of the value.
func selector(rt *python.Runtime, args []python.Value, kwargs *python.Dict, byAttribute bool) func(python.Value) python.Value {
	get := func(v python.Value) python.Value { return v }
	if byAttribute {
		if len(args) == 0 {
			python.Raise("FilterArgumentError", "Missing parameter for attribute name")
		}
		get = attrGetter(rt, args[0])
		args = args[1:]
	}
	if len(args) == 0 {
		return get
	}
	test := byName(rt, "test", stateOf(rt).env.tests, args[0])
	named := kwargs.NamedArgs()
	return func(v python.Value) python.Value {
		return rt.CallBuiltin(test, append([]python.Value{get(v)}, args[1:]...), named)
	}
}

func byName(rt *python.Runtime, what string, known map[string]*python.Builtin, v python.Value) *python.Builtin {
	if u, ok := v.(*python.Undefined); ok {
		panic(&python.Error{Kind: python.UndefinedError, Msg: u.Message(), Hint: "the name of a " + what + " is written in quotes here"})
	}
	name, _ := python.Text(v)
	f := known[name]
	if f == nil {
		panic(&python.Error{Kind: python.RuntimeError, Msg: "No " + what + " named " + python.Quote(name) + ".", Hint: stateOf(rt).env.grammar().DidYouMean(name, known)})
	}
	return f
}
