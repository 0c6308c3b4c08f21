package jinja

import (
	"github.com/slipway-build/slipway/jinja/python"

	"github.com/slipway-build/slipway/jinja/syntax"
)

// hides tells whether a variable has the name of a function of Jinja2's. In a Dockerfile.template that
// is namespace, which docker-pkg has as a key of the configuration.
func hides(rt *state, name string, v python.Value) bool {
	global, ok := rt.env.globals[name]
	return ok && v != nil && v != global
}

// namespaceHint says how to get what an attribute can be set on, where a statement sets that of obj.
// Where namespace is no function, a dictionary does what a namespace would.
func namespaceHint(fr *frame, t *syntax.Target, obj python.Value) string {
	name := t.Name
	if !hides(fr.rt, "namespace", fr.ctx.resolve(fr.rt, "namespace")) {
		return "make one with {% set " + name + " = namespace() %}"
	}
	set := "{% do " + name + ".update(" + t.Attr + "=1) %} sets " + t.Attr
	if _, ok := obj.(*python.Dict); ok {
		return "namespace is a variable here, and no function: " + set + " of the dictionary"
	}
	return "namespace is a variable here, and no function: {% set " + name + " = {} %} makes a dictionary, and " + set + " of it"
}

// refuseHidden refuses the call of a function that a variable hides.
func refuseHidden(rt *state, name string, v python.Value) {
	if rt.IsCallable(v) || !hides(rt, name, v) {
		return
	}
	hint := "the variable " + name + " hides Jinja2's function: a macro of a file that is imported without its context has the function"
	if name == "namespace" {
		hint = "namespace is a variable here, and no function: use a dictionary, as {% set d = {} %} and {% do d.update(x=1) %}"
	}
	panic(&python.Error{Kind: "TypeError", Hint: hint, Msg: python.Quote(rt.TypeName(v)) + " object is not callable"})
}
