package inspect

import (
	"errors"
	"maps"
	"slices"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// Bounds of what is examined for one template.
const (
	mostExamined    = 100 // templates
	deepestExamined = 20
	mostDoubts      = 100
)

// examiner looks for what would fail in the statements of a template that were
// not reached. It knows which names are assigned before, or may be; what the
// text of the template does not say it takes for good.
type examiner struct {
	rest    *jinja.Rest
	tmpl    *jinja.Template
	doubts  *[]*python.Error // of all templates
	depth   int
	globals bool               // no variables of the render: imported without context
	said    map[[2]string]bool // template and name
	seen    map[*jinja.Template]int
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
	x.body(x.tmpl.Tree().Body, scope)
	// Blocks run when all of the template, and of what it extends, was run.
	scope.set(syntax.Assigned(x.tmpl.Tree().Body)...)
	for _, name := range slices.Sorted(maps.Keys(x.tmpl.Tree().Blocks)) {
		if b := x.tmpl.Tree().Blocks[name]; !x.rest.Replaced(b) {
			inner := scope.inner()
			inner.set("super")
			x.body(b.Body, inner)
		}
	}
}

// other examines a template that is taken in.
func (x *examiner) other(e syntax.Node, line int, known *names, imported, optional bool) {
	c, ok := e.(*syntax.Const)
	if !ok {
		return
	}
	name, ok := python.Text(c.Value)
	if !ok || x.depth >= deepestExamined || len(x.seen) >= mostExamined {
		return
	}
	t, err := x.rest.Load(x.tmpl, line, name)
	if err != nil {
		e := (*python.Error)(nil)
		if errors.As(err, &e) && e.Kind != python.LimitError && !(optional && e.Kind == python.NotFoundError) {
			x.doubt(line, e)
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

// body examines statements. Those after them see what they assign.
func (x *examiner) body(body []syntax.Node, known *names) {
	for _, st := range body {
		x.stmt(st, known)
	}
}

func (x *examiner) stmt(st syntax.Node, known *names) {
	switch st := st.(type) {
	case *syntax.Output:
		if !st.Dropped { // else it belongs to no output
			x.expr(st.Value, known)
		}
	case *syntax.If:
		x.ifStmt(st, known)
	case *syntax.For:
		x.forStmt(st, known)
	case *syntax.Set:
		x.expr(st.Value, known)
		known.set(st.Target.Names()...)
	case *syntax.Capture:
		x.body(st.Body, known.inner())
		x.expr(st.Filter, known)
		if st.Target != nil {
			known.set(st.Target.Names()...)
		}
	case *syntax.Macro:
		known.set(st.Store.Name)
		x.macro(&st.Function, known)
	case *syntax.CallBlock:
		x.expr(st.Call, known)
		x.macro(&st.Function, known)
	case *syntax.With:
		inner := known.inner()
		for i, t := range st.Targets {
			x.expr(st.Values[i], known)
			inner.set(t.Names()...)
		}
		x.body(st.Body, inner)
	case *syntax.Autoescape:
		x.expr(st.Value, known)
		x.body(st.Body, known.inner())
	default:
		x.takingIn(st, known)
	}
}

func (x *examiner) takingIn(st syntax.Node, known *names) {
	switch st := st.(type) {
	case *syntax.Extends:
		x.expr(st.Template, known)
		known.set(syntax.Assigned(x.tmpl.Tree().Body)...)
		x.other(st.Template, st.Line, known, false, false)
		if c, ok := st.Template.(*syntax.Const); ok {
			if name, ok := python.Text(c.Value); ok {
				if t := x.rest.Loaded(name); t != nil {
					known.set(syntax.Assigned(t.Tree().Body)...)
				}
			}
		}
	case *syntax.Include:
		x.expr(st.Template, known)
		x.other(st.Template, st.Line, known, !st.WithContext, st.IgnoreMissing)
	case *syntax.Import:
		x.expr(st.Template, known)
		for i := range st.As {
			known.set(st.As[i].Name)
		}
		x.other(st.Template, st.Line, known, !st.WithContext, false)
	}
}

// macro examines a body that runs later, when all names around it have values.
func (x *examiner) macro(f *syntax.Function, known *names) {
	inner := known.inner()
	inner.set(syntax.Assigned(x.tmpl.Tree().Body)...)
	inner.set("caller", "kwargs", "varargs")
	for _, p := range f.Params {
		inner.set(p.Name)
	}
	for _, d := range f.Defaults {
		x.expr(d, inner)
	}
	x.body(f.Body, inner)
}

func (x *examiner) ifStmt(st *syntax.If, known *names) {
	for i, test := range st.Tests {
		x.expr(test, known)
		x.body(st.Bodies[i], known.given(definedIf(test, true)))
		known = known.given(definedIf(test, false))
	}
	x.body(st.Otherwise, known)
}

func (x *examiner) forStmt(st *syntax.For, known *names) {
	x.expr(st.Iter, known)
	inner := known.inner()
	inner.set(st.Target.Names()...)
	x.expr(st.Test, inner)
	inner.set("loop")
	inner.set(syntax.Assigned(st.Body)...) // by the round before
	if st.Test != nil {
		inner = inner.given(definedIf(st.Test, true))
	}
	x.body(st.Body, inner)
	x.body(st.Otherwise, known.inner())
}

// doubt notes an error; it has the line unless it has a place of its own.
func (x *examiner) doubt(line int, e *python.Error) {
	if len(*x.doubts) >= mostDoubts {
		return
	}
	if e.Template == "" {
		e.Template, e.Line = x.tmpl.Name(), line
	}
	if e = e.Shortened(); x.rest.First(e) {
		*x.doubts = append(*x.doubts, e)
	}
}
