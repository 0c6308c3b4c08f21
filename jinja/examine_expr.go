package jinja

import "github.com/slipway-build/slipway/jinja/python"

// expr examines an expression: names that nobody defines, and filters and
// tests on constants.
func (x *examiner) expr(e expr, known *names) {
	switch e := e.(type) {
	case nil, *constExpr:
		return
	case *nameExpr:
		x.name(e, known)
		return
	case *condExpr:
		x.expr(e.test, known)
		x.expr(e.then, known.given(definedIf(e.test, true)))
		x.expr(e.otherwise, known.given(definedIf(e.test, false)))
		return
	case *logicExpr:
		x.expr(e.left, known)
		x.expr(e.right, known.given(definedIf(e.left, !e.or)))
		return
	case *testExpr:
		x.test(e, known)
		return
	case *filterExpr:
		x.filter(e, known)
		return
	}
	inside(e, func(part node) { x.expr(part, known) })
}

// harmless are the tests that take an undefined value without an error, by
// Jinja2's own code.
var harmless = map[string]bool{"defined": true, "undefined": true, "none": true, "boolean": true, "true": true,
	"false": true, "string": true, "mapping": true, "escaped": true, "callable": true, "sequence": true,
	"integer": true, "float": true, "number": true, "sameas": true}

func (x *examiner) test(e *testExpr, known *names) {
	if _, isName := e.value.(*nameExpr); !isName || !harmless[e.name] {
		x.expr(e.value, known)
	}
	e.args.each(func(arg node) { x.expr(arg, known) })
	if e.fn == nil && !x.trace.reached[e] {
		x.trace.rt.line = e.line
		x.doubt(&python.Error{Kind: python.RuntimeError, Msg: "No test named " + python.Quote(e.name) + " found.",
			Hint: didYouMean(e.name, x.trace.rt.env.tests)})
	}
}

func (x *examiner) filter(e *filterExpr, known *names) {
	before := len(x.trace.Doubts)
	if _, isName := e.value.(*nameExpr); !isName || e.name != "default" && e.name != "d" && e.name != "items" {
		x.expr(e.value, known)
	}
	e.args.each(func(arg node) { x.expr(arg, known) })
	if x.trace.reached[e] || len(x.trace.Doubts) > before {
		return
	}
	if e.fn == nil {
		x.trace.rt.line = e.line
		x.doubt(&python.Error{Kind: python.RuntimeError, Msg: "No filter named " + python.Quote(e.name) + " found.",
			Hint: didYouMean(e.name, x.trace.rt.env.filters)})
		return
	}
	if isConst(e) {
		x.constant(e)
	}
}

// constant calls a filter whose value and arguments are constants.
func (x *examiner) constant(e *filterExpr) {
	rt := x.trace.rt
	rt.tmpl, rt.line = x.tmpl, e.line
	rt.Restart()
	var err error
	func() {
		defer rt.recoverError(&err)
		(&frame{rt: rt}).eval(e)
	}()
	if failed, ok := err.(*python.Error); ok && failed.Kind != python.LimitError && failed.Kind != python.InternalError {
		x.doubt(failed)
	}
}

func (x *examiner) name(e *nameExpr, known *names) {
	tr := x.trace
	if tr.reached[e] || known.has(e.name) {
		return
	}
	if _, ok := tr.rt.env.globals[e.name]; ok {
		return
	}
	if _, ok := x.vars.m[e.name]; ok && !x.globals {
		return
	}
	key := [2]string{x.tmpl.name, e.name}
	if x.said[key] {
		return
	}
	x.said[key] = true
	tr.rt.line = e.line
	hint := python.DidYouMean(e.name, append(tr.visible(x.vars), known.all()...))
	if x.globals && hint == "" {
		if _, ok := x.vars.m[e.name]; ok {
			hint = `templates that are imported see it only "with context"`
		}
	}
	x.doubt(&python.Error{Kind: python.UndefinedError, Msg: (&python.Undefined{Name: e.name}).Message(), Hint: hint})
}

// definedIf lists the names that must be defined where an expression is true,
// or where it is false.
func definedIf(e expr, truth bool) []string {
	switch e := e.(type) {
	case *unaryExpr:
		if e.op == "not" {
			return definedIf(e.value, !truth)
		}
	case *logicExpr:
		if e.or != truth {
			return append(definedIf(e.left, truth), definedIf(e.right, truth)...)
		}
	case *testExpr:
		n, isName := e.value.(*nameExpr)
		if isName && harmless[e.name] && (e.name == "undefined") != truth {
			return []string{n.name}
		}
	case *filterExpr: // {% if x | default(false) %}
		n, isName := e.value.(*nameExpr)
		if isName && truth && (e.name == "default" || e.name == "d") {
			return []string{n.name}
		}
	}
	return nil
}
