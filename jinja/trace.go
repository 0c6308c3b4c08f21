package jinja

import (
	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// Trace is the record of a render for those who judge templates: where each
// line of the text comes from, and all that is wrong, not only the first. A
// render without one pays a comparison with nil per statement list and name.
type Trace struct {
	// Text is what came of the template; pieces that could not be made are left
	// out of it.
	Text []byte
	// Lines says for each line of Text where it comes from; nil when there are
	// more lines, or more pieces that they are made of, than anybody reads.
	Lines []Origin
	// Faults are what stopped statements, in the order of their execution. The
	// first is the error that Render gives.
	Faults []*python.Error
	// After is called when the template was executed, to look at what was not
	// reached. Nil looks at nothing.
	After func(rest *Rest)

	rt       *state
	later    bool    // the template was executed
	marks    int     // that were made in all
	site     *Origin // what called the template or macro that runs now
	reached  map[syntax.Node]bool
	unknown  []*syntax.Name // names that were read and have no value, of the statements that run
	seen     map[fault]bool
	extended map[*frame]int // the line of a template's extends
}

// Origin is a place of a template.
type Origin struct {
	Template string
	Line     int     // from one; 0 when nothing is known
	Via      *Origin // the include, extends or call that led there; nil in the template that was rendered
}

type fault struct {
	template string
	line     int
	msg      string
}

// mostFaults bounds the faults of one render, after which it ends.
const mostFaults = 100

// Here is the place of the template that runs now: filters that were added may
// ask for it.
func (tr *Trace) Here() Origin {
	if tr.rt == nil {
		return Origin{}
	}
	return Origin{Template: tr.rt.tmpl.name, Line: tr.rt.line, Via: tr.site}
}

// Later reports whether all that is reached was executed, and what is not is
// looked at.
func (tr *Trace) Later() bool { return tr.later }

// Trace executes the template as Render does, and goes on after faults: what a
// faulty statement would have printed is missing, what it would have assigned
// is spoilt, and statements that use spoilt values are left out.
func (t *Template) Trace(vars Vars, tr *Trace) {
	env := t.env
	if env.account == nil {
		var end func()
		env, end = env.Begin()
		defer end()
	}
	rt := newState(env, t)
	rt.trace, rt.Watched = tr, true
	tr.rt, tr.reached, tr.seen = rt, map[syntax.Node]bool{}, map[fault]bool{}
	tr.extended = map[*frame]int{}
	ctx := newContext(t, &layer{vars: vars.m, shared: true, next: env.layer()})
	buf := &buffer{rt: rt}
	tr.guard(func() {
		buf = newOutput(rt)
		t.run(rt, ctx, buf)
	})
	tr.Text = buf.b
	if tr.marks <= mostMarks {
		tr.Lines = buf.src.lines(buf.b)
	}
	tr.later = true
	if tr.After != nil {
		rest := tr.rest(vars, ctx)
		tr.guard(func() { tr.After(rest) })
	}
}

// guard runs f and takes what ends it for a fault.
func (tr *Trace) guard(f func()) {
	var err error
	func() {
		defer tr.rt.recoverError(&err)
		f()
	}()
	if err != nil {
		tr.fault(err.(*python.Error)) // recoverError makes no others
	}
}

// spoilt is the value of what a faulty statement would have made. To use it is
// no fault of its own.
var (
	spoilt    = &python.Undefined{Hint: "the value could not be made", Name: "spoilt"}
	useSpoilt = &python.Error{Kind: "spoilt", Msg: "the value could not be made"}
)

// Arguments keeps spoilt values from filters and tests that accept undefined
// ones, and gives them texts alone.
func (rt *state) Arguments(pos []python.Value, named []python.Kwarg) {
	for i, a := range pos {
		if a == python.Value(spoilt) {
			panic(useSpoilt)
		}
		pos[i] = plain(a)
	}
	for i := range named {
		named[i].Value = plain(named[i].Value)
	}
}

func (tr *Trace) fault(e *python.Error) {
	if e == useSpoilt {
		return
	}
	if e = e.Shortened(); tr.first(e) {
		tr.Faults = append(tr.Faults, e)
	}
}

// first reports whether an error was not seen before, and notes it.
func (tr *Trace) first(e *python.Error) bool {
	key := fault{e.Template, e.Line, e.Msg}
	before := tr.seen[key]
	tr.seen[key] = true
	return !before
}

// run executes statements one by one; one that fails is passed over.
func (tr *Trace) run(fr *frame, body []syntax.Node) {
	for _, st := range body {
		tr.reached[st] = true
		tr.attempt(fr, st)
	}
}

func (tr *Trace) attempt(fr *frame, st syntax.Node) {
	rt := fr.rt
	before, depth, escape, out := position{rt.tmpl, rt.ctx, rt.line, tr.site}, rt.Depth, rt.Autoescape, fr.out
	first := len(tr.unknown)
	defer func() {
		r := recover()
		unknown := tr.unknown[first:]
		tr.unknown = tr.unknown[:first]
		if r == nil {
			return
		}
		e, ok := r.(*python.Error)
		if !ok || e.Kind == python.LimitError || e.Kind == python.InternalError || e != useSpoilt && len(tr.Faults) >= mostFaults {
			panic(r)
		}
		if e.Template == "" && e != useSpoilt {
			e.Template, e.Line = rt.tmpl.name, rt.line
		}
		tr.fault(e)
		for _, name := range unknown { // all but one were read and not yet used
			delete(tr.reached, name)
		}
		rt.restore(before)
		rt.Depth, rt.Autoescape, fr.out = depth, escape, out
		out.spoil()
		tr.spoil(fr, st)
	}()
	fr.exec(st)
}

// spoil gives the names that a statement would have assigned a spoilt value.
func (tr *Trace) spoil(fr *frame, st syntax.Node) {
	switch st := st.(type) {
	case *syntax.Set:
		spoilTarget(fr, st.Target)
	case *syntax.Capture:
		if st.Target != nil {
			spoilTarget(fr, st.Target)
		}
	case *syntax.Import:
		for i := range st.As {
			spoilTarget(fr, &st.As[i])
		}
	case *syntax.Macro:
		spoilTarget(fr, &st.Store)
	case *syntax.If: // its branches have no names of their own
		syntax.Parts(st, func(n syntax.Node) { tr.spoil(fr, n) })
	}
}

func spoilTarget(fr *frame, t *syntax.Target) {
	switch {
	case t.Attr != "":
		if ns, ok := fr.get(t.Ref).(*python.Namespace); ok {
			ns.Attrs.SetString(t.Attr, spoilt)
		}
	case t.Name != "":
		fr.assign(t, spoilt)
	}
	for _, item := range t.Items {
		spoilTarget(fr, item)
	}
}
