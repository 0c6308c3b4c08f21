package inspect

import (
	"errors"

	"github.com/slipway-build/slipway/jinja/python"

	"github.com/slipway-build/slipway/jinja/syntax"
)

// expr examines an expression: names that nobody defines, and filters and
// tests on constants.
func (x *examiner) expr(e syntax.Node, known *names) {
	switch e := e.(type) {
	case nil, *syntax.Const:
		return
	case *syntax.Name:
		x.name(e, known)
		return
	case *syntax.Cond:
		x.expr(e.Test, known)
		x.expr(e.Then, known.given(definedIf(e.Test, true)))
		x.expr(e.Otherwise, known.given(definedIf(e.Test, false)))
		return
	case *syntax.Logic:
		x.expr(e.Left, known)
		x.expr(e.Right, known.given(definedIf(e.Left, !e.Or)))
		return
	case *syntax.Test:
		x.test(e, known)
		return
	case *syntax.Filter:
		x.filter(e, known)
		return
	}
	syntax.Parts(e, func(part syntax.Node) { x.expr(part, known) })
}

// harmless are the tests that take an undefined value without an error, by
// Jinja2's own code.
var harmless = map[string]bool{"defined": true, "undefined": true, "none": true, "boolean": true, "true": true,
	"false": true, "string": true, "mapping": true, "escaped": true, "callable": true, "sequence": true,
	"integer": true, "float": true, "number": true, "sameas": true}

func (x *examiner) test(e *syntax.Test, known *names) {
	if _, isName := e.Value.(*syntax.Name); !isName || !harmless[e.Name] {
		x.expr(e.Value, known)
	}
	e.Args.Each(func(arg syntax.Node) { x.expr(arg, known) })
	if e.Fn == nil && !x.rest.Reached(e) {
		g := x.rest.Grammar()
		x.doubt(e.Line, &python.Error{Kind: python.RuntimeError, Msg: "No test named " + python.Quote(e.Name) + " found.",
			Hint: g.DidYouMean(e.Name, g.Tests)})
	}
}

func (x *examiner) filter(e *syntax.Filter, known *names) {
	before := len(*x.doubts)
	if _, isName := e.Value.(*syntax.Name); !isName || e.Name != "default" && e.Name != "d" && e.Name != "items" {
		x.expr(e.Value, known)
	}
	e.Args.Each(func(arg syntax.Node) { x.expr(arg, known) })
	if x.rest.Reached(e) || len(*x.doubts) > before {
		return
	}
	if e.Fn == nil {
		g := x.rest.Grammar()
		x.doubt(e.Line, &python.Error{Kind: python.RuntimeError, Msg: "No filter named " + python.Quote(e.Name) + " found.",
			Hint: g.DidYouMean(e.Name, g.Filters)})
		return
	}
	if e.IsConst() {
		x.constant(e)
	}
}

// constant calls a filter whose value and arguments are constants.
func (x *examiner) constant(e *syntax.Filter) {
	err := (*python.Error)(nil)
	if errors.As(x.rest.Try(x.tmpl, e.Line, e), &err) && err.Kind != python.LimitError && err.Kind != python.InternalError {
		x.doubt(e.Line, err)
	}
}

func (x *examiner) name(e *syntax.Name, known *names) {
	if x.rest.Reached(e) || known.has(e.Name) || x.rest.HasGlobal(e.Name) || x.rest.HasVariable(e.Name) && !x.globals {
		return
	}
	key := [2]string{x.tmpl.Name(), e.Name}
	if x.said[key] {
		return
	}
	x.said[key] = true
	hint := python.DidYouMean(e.Name, append(x.rest.Names(), known.all()...))
	if x.globals && hint == "" {
		if x.rest.HasVariable(e.Name) {
			hint = `templates that are imported see it only "with context"`
		}
	}
	x.doubt(e.Line, &python.Error{Kind: python.UndefinedError, Msg: (&python.Undefined{Name: e.Name}).Message(), Hint: hint})
}

// definedIf lists the names that must be defined where an expression is true,
// or where it is false.
func definedIf(e syntax.Node, truth bool) []string {
	switch e := e.(type) {
	case *syntax.Unary:
		if e.Op == "not" {
			return definedIf(e.Value, !truth)
		}
	case *syntax.Logic:
		if e.Or != truth {
			return append(definedIf(e.Left, truth), definedIf(e.Right, truth)...)
		}
	case *syntax.Test:
		n, isName := e.Value.(*syntax.Name)
		if isName && harmless[e.Name] && (e.Name == "undefined") != truth {
			return []string{n.Name}
		}
	case *syntax.Filter: // {% if x | default(false) %}
		n, isName := e.Value.(*syntax.Name)
		if isName && truth && (e.Name == "default" || e.Name == "d") {
			return []string{n.Name}
		}
	}
	return nil
}
