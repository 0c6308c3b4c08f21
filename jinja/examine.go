package jinja

import (
	"errors"
	"maps"
	"slices"

	"github.com/slipway-build/slipway/jinja/python"
)

// Bounds of what is examined for one template, and of the work of one filter
// on constants.
const (
	mostExamined     = 100 // templates
	deepestExamined  = 20
	mostDoubts       = 100
	examinedSteps    = 10_000
	examinedMemory   = 1 << 20
	examinedRecursed = 50
)

// examiner looks for what would fail in the statements of a template that were
// not reached. It knows which names are assigned before, or may be; what the
// text of the template does not say it takes for good.
type examiner struct {
	trace   *Trace
	vars    Vars
	ctx     *context // of the template that was rendered
	tmpl    *Template
	depth   int
	globals bool               // no variables of the render: imported without context
	said    map[[2]string]bool // template and name
	seen    map[*Template]int
}

// examine looks at the template and at what it takes in.
func (tr *Trace) examine(t *Template, vars Vars, ctx *context) {
	scratch := *tr.rt
	scratch.Confine(examinedSteps, examinedMemory, examinedRecursed)
	scratch.Program, scratch.Watched, scratch.trace = &scratch, false, nil
	tr.rt, tr.site = &scratch, nil
	x := &examiner{trace: tr, vars: vars, ctx: ctx, tmpl: t, said: map[[2]string]bool{}, seen: map[*Template]int{}}
	x.template(&names{own: map[string]bool{}})
}

// names are those that are known at one place: a scope's own, then those
// around it. What is assigned in a branch stays known behind it.
type names struct {
	own    map[string]bool
	branch bool // holds what a condition says; assignments go to the scope around it
	up     *names
}

func (n *names) inner() *names { return &names{own: map[string]bool{}, up: n} }

func (n *names) given(known []string) *names {
	if len(known) == 0 {
		return n
	}
	b := &names{own: map[string]bool{}, branch: true, up: n}
	for _, name := range known {
		b.own[name] = true
	}
	return b
}

func (n *names) has(name string) bool {
	for ; n != nil; n = n.up {
		if n.own[name] {
			return true
		}
	}
	return false
}

func (n *names) set(list ...string) {
	for n.branch {
		n = n.up
	}
	for _, name := range list {
		n.own[name] = true
	}
}

// all are the names of a scope and of those around it.
func (n *names) all() []string {
	all := map[string]bool{}
	for ; n != nil; n = n.up {
		maps.Copy(all, n.own)
	}
	return slices.Collect(maps.Keys(all))
}

// template examines one template; outer is what the template that takes it in
// has assigned.
func (x *examiner) template(outer *names) {
	x.seen[x.tmpl]++
	scope := outer.inner()
	scope.set("self")
	x.body(x.tmpl.root.body, scope)
	// Blocks run when all of the template, and of what it extends, was run.
	scope.set(assigned(x.tmpl.root.body)...)
	for _, name := range slices.Sorted(maps.Keys(x.tmpl.root.blocks)) {
		if b := x.tmpl.root.blocks[name]; x.live(b) {
			inner := scope.inner()
			inner.set("super")
			x.body(b.body, inner)
		}
	}
}

// live reports whether a block is not replaced by another template's.
func (x *examiner) live(b *blockStmt) bool {
	stack := x.ctx.blocks[b.name]
	return len(stack) == 0 || stack[0].blockStmt == b ||
		!slices.ContainsFunc(stack, func(other boundBlock) bool { return other.blockStmt == b })
}

// other examines a template that is taken in.
func (x *examiner) other(e expr, line int, known *names, imported, optional bool) {
	c, ok := e.(*constExpr)
	if !ok {
		return
	}
	name, ok := python.Text(c.value)
	if !ok || x.depth >= deepestExamined || len(x.seen) >= mostExamined {
		return
	}
	x.trace.rt.tmpl, x.trace.rt.line = x.tmpl, line
	t, err := x.load(name)
	if err != nil {
		e := (*python.Error)(nil)
		if errors.As(err, &e) && e.Kind != python.LimitError && !(optional && e.Kind == python.NotFoundError) {
			x.doubt(e)
		}
		return
	}
	if x.seen[t] >= 3 { // once for most; again where other names are known
		return
	}
	inner := *x
	inner.tmpl, inner.depth = t, x.depth+1
	if imported {
		inner.globals, known = true, &names{own: map[string]bool{}}
	}
	inner.template(known)
}

func (x *examiner) load(name string) (t *Template, err error) {
	defer x.trace.rt.recoverError(&err)
	t, e := x.trace.rt.load(name)
	if e != nil {
		return nil, e
	}
	return t, nil
}

// body examines statements. Those after them see what they assign.
func (x *examiner) body(body []stmt, known *names) {
	for _, st := range body {
		x.stmt(st, known)
	}
}

func (x *examiner) stmt(st stmt, known *names) {
	switch st := st.(type) {
	case *outputStmt:
		if !st.dropped { // else it belongs to no output
			x.expr(st.value, known)
		}
	case *ifStmt:
		x.ifStmt(st, known)
	case *forStmt:
		x.forStmt(st, known)
	case *setStmt:
		x.expr(st.value, known)
		known.set(st.target.names()...)
	case *captureStmt:
		x.body(st.body, known.inner())
		x.expr(st.filter, known)
		known.set(made(st)...)
	case *macroStmt:
		known.set(st.store.name)
		x.macro(&st.function, known)
	case *callStmt:
		x.expr(st.call, known)
		x.macro(&st.function, known)
	case *withStmt:
		inner := known.inner()
		for i, t := range st.targets {
			x.expr(st.values[i], known)
			inner.set(t.names()...)
		}
		x.body(st.body, inner)
	case *autoescapeStmt:
		x.expr(st.value, known)
		x.body(st.body, known.inner())
	default:
		x.takingIn(st, known)
	}
}

func (x *examiner) takingIn(st stmt, known *names) {
	switch st := st.(type) {
	case *extendsStmt:
		x.expr(st.template, known)
		known.set(assigned(x.tmpl.root.body)...)
		x.other(st.template, st.line, known, false, false)
		if c, ok := st.template.(*constExpr); ok {
			if name, ok := python.Text(c.value); ok {
				if t := x.trace.rt.templates[name]; t != nil {
					known.set(assigned(t.root.body)...)
				}
			}
		}
	case *includeStmt:
		x.expr(st.template, known)
		x.other(st.template, st.line, known, !st.withContext, st.ignoreMissing)
	case *importStmt:
		x.expr(st.template, known)
		known.set(made(st)...)
		x.other(st.template, st.line, known, !st.withContext, false)
	}
}

// macro examines a body that runs later, when all names around it have values.
func (x *examiner) macro(f *function, known *names) {
	inner := known.inner()
	inner.set(assigned(x.tmpl.root.body)...)
	inner.set("caller", "kwargs", "varargs")
	for _, p := range f.params {
		inner.set(p.name)
	}
	for _, d := range f.defaults {
		x.expr(d, inner)
	}
	x.body(f.body, inner)
}

func (x *examiner) ifStmt(st *ifStmt, known *names) {
	for i, test := range st.tests {
		x.expr(test, known)
		x.body(st.bodies[i], known.given(definedIf(test, true)))
		known = known.given(definedIf(test, false))
	}
	x.body(st.otherwise, known)
}

func (x *examiner) forStmt(st *forStmt, known *names) {
	x.expr(st.iter, known)
	inner := known.inner()
	inner.set(st.target.names()...)
	x.expr(st.test, inner)
	inner.set("loop")
	inner.set(assigned(st.body)...) // by the round before
	if st.test != nil {
		inner = inner.given(definedIf(st.test, true))
	}
	x.body(st.body, inner)
	x.body(st.otherwise, known.inner())
}

func (x *examiner) doubt(e *python.Error) {
	tr := x.trace
	if len(tr.Doubts) >= mostDoubts {
		return
	}
	if e.Template == "" {
		e.Template, e.Line = x.tmpl.name, tr.rt.line
	}
	e = e.Shortened()
	key := fault{e.Template, e.Line, e.Msg}
	if !tr.seen[key] {
		tr.seen[key] = true
		tr.Doubts = append(tr.Doubts, e)
	}
}
