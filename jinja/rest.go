package jinja

import (
	"slices"

	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// Bounds of the work of one filter on constants.
const (
	restSteps     = 10_000
	restMemory    = 1 << 20
	restRecursion = 50
)

// Rest is what a Trace knows of the part of a template that was not reached. It
// is of no use after the call of After.
type Rest struct {
	trace *Trace
	vars  Vars
	ctx   *context // of the template that was rendered
}

// rest gives the trace a render of its own, which waits for nobody.
func (tr *Trace) rest(vars Vars, ctx *context) *Rest {
	scratch := *tr.rt
	scratch.Confine(restSteps, restMemory, restRecursion)
	scratch.Program, scratch.Watched, scratch.trace = &scratch, false, nil
	tr.rt, tr.site = &scratch, nil
	return &Rest{trace: tr, vars: vars, ctx: ctx}
}

// Reached reports whether a name, filter or test was evaluated, or a statement executed.
func (r *Rest) Reached(n syntax.Node) bool { return r.trace.reached[n] }

// Replaced reports whether another template has a block in the place of this one.
func (r *Rest) Replaced(b *syntax.Block) bool {
	stack := r.ctx.blocks[b.Name]
	return len(stack) > 0 && stack[0].Block != b &&
		slices.ContainsFunc(stack, func(other boundBlock) bool { return other.Block == b })
}

// Load loads what a line of a template names. The error is a *python.Error.
func (r *Rest) Load(from *Template, line int, name string) (t *Template, err error) {
	rt := r.trace.rt
	rt.tmpl, rt.line = from, line
	defer rt.recoverError(&err)
	t, e := rt.load(name)
	if e != nil {
		return nil, e
	}
	return t, nil
}

// Loaded is a template that was loaded by that name; nil if none was.
func (r *Rest) Loaded(name string) *Template { return r.trace.rt.templates[name] }

// Try evaluates an expression of constants in a line of a template; its value
// is dropped. The error is a *python.Error.
func (r *Rest) Try(t *Template, line int, e syntax.Node) (err error) {
	rt := r.trace.rt
	rt.tmpl, rt.line = t, line
	rt.Restart()
	defer rt.recoverError(&err)
	(&frame{rt: rt}).eval(e)
	return nil
}

// First reports whether neither the trace nor an earlier call has the error.
func (r *Rest) First(e *python.Error) bool { return r.trace.first(e) }

// Grammar has the filters and tests that templates may use.
func (r *Rest) Grammar() *syntax.Grammar { return r.trace.rt.env.grammar() }

// HasGlobal reports whether a name is one that every template sees.
func (r *Rest) HasGlobal(name string) bool {
	_, ok := r.trace.rt.env.globals[name]
	return ok
}

// HasVariable reports whether a name is a variable of the render.
func (r *Rest) HasVariable(name string) bool {
	_, ok := r.vars.m[name]
	return ok
}

// Names lists the variables of the render, and what every template sees.
func (r *Rest) Names() []string {
	names := r.vars.Names()
	for name := range r.trace.rt.env.globals {
		names = append(names, name)
	}
	return names
}
