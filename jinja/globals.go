package jinja

import "github.com/slipway-build/slipway/jinja/python"

var builtinGlobals map[string]python.Value

func init() {
	builtinGlobals = map[string]python.Value{"range": python.RangeClass, "dict": python.DictClass}
	add := func(class string, b *python.Builtin) {
		b.Class = class
		builtinGlobals[b.Name] = b
	}
	add("jinja2.utils.Namespace", python.Define("namespace", "*args, **kwargs", func(rt *python.Runtime, a []python.Value) python.Value {
		d := python.NewDict()
		rt.FillDict(d, "dict", a[0].(*python.Tuple).Items, a[1].(*python.Dict))
		return &python.Namespace{Attrs: d}
	}))
	add("jinja2.utils.Cycler", python.Define("cycler", "*items", func(_ *python.Runtime, a []python.Value) python.Value {
		items := a[0].(*python.Tuple).Items
		if len(items) == 0 {
			python.Raise("RuntimeError", "at least one item has to be provided")
		}
		return &cycler{items: items}
	}))
	add("jinja2.utils.Joiner", python.Define("joiner", "sep=', '", func(_ *python.Runtime, a []python.Value) python.Value { return &joiner{sep: a[0]} }))
	add("", python.Define("lipsum", "n=5, html=True, min=20, max=100", func(*python.Runtime, []python.Value) python.Value {
		panic(&python.Error{Kind: python.RuntimeError, Msg: "lipsum() is not supported: its text is random, and an image must not be",
			Hint: "write the text into the template"})
	}))
}
