package template

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/problem"
)

// Inspection is what there is to know of a template for those who judge it.
type Inspection struct {
	Text  []byte   // as Render makes it; with faults what could be made
	Files []string // as in Result
	// Lines says for each line of Text which template it comes from; nil when
	// there are too many.
	Lines []Place
	// Faults are all errors, in the order of their execution; the first is that
	// of Render. Each is an *Error.
	Faults []*Error
	// Doubts are what would fail in branches that were not taken.
	Doubts []*Error
	// Warnings are what Options.Warn gets, also of branches that were not taken.
	Warnings []Warning
}

// maxWarnings bounds the warnings of one template, maxWarning the bytes of each: what they quote may
// be all that a template made.
const maxWarnings, maxWarning = 100, 2000

// Place is a line of a template.
type Place struct {
	Path string // as in Error
	Line int    // counted from 1; 0 if it is not known
	Via  *Place // the include, extends or call that led there; nil in the template itself
}

// Warning is a sentence about a line of a template.
type Warning struct {
	Place
	Msg     string
	Untaken bool // in a branch that was not taken
}

// UnknownUserError is the cause when add_user is given a name that is not in
// known_uid_mappings.
type UnknownUserError struct {
	User  string
	Known string // the names that are, joined
}

// Error gives the sentence and the hint.
func (e *UnknownUserError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the problem.
func (e *UnknownUserError) Unwrap() error {
	return problem.New("no mapping found for user '"+e.User+"'", "add it to "+uidKey+", which has "+e.Known)
}

// Inspector renders a template into a trace and returns what would fail in what was not reached:
// inspect.Render of jinja/inspect.
type Inspector func(*jinja.Template, jinja.Vars, *jinja.Trace) (doubts []*python.Error)

// Inspect renders a template, notes where each line comes from, goes on after
// faults, and looks at what was not reached. It takes about three times as long
// as a render.
func (e *Environment) Inspect(in Input, render Inspector) Inspection {
	var out Inspection
	trace := &jinja.Trace{}
	loader, err := openFolders(in.Dir, e.root, e.paths)
	if err != nil {
		return Inspection{Faults: []*Error{{Path: slashPath(in.Dir, in.Name), Msg: "cannot read template: " + reason(err), Err: err}}}
	}
	defer loader.close()
	loader.private = e.private
	type origin struct {
		jinja.Origin
		msg     string
		untaken bool
	}
	var warned []origin
	said := map[origin]bool{}
	o := e.options
	o.Warn = func(msg string) {
		if len(warned) >= maxWarnings {
			return
		}
		if len(msg) > maxWarning {
			msg = strings.ToValidUTF8(msg[:maxWarning], "") + "..."
		}
		at := origin{trace.Here(), msg, trace.Later()}
		key := at
		key.Via = nil // a macro may be called often
		if !said[key] {
			said[key] = true
			warned = append(warned, at)
		}
	}
	added := jinja.NewEnv(loader, engine)
	addFilters(added, &o, e.vars)
	env, end := added.Begin()
	defer end()
	vars := e.vars
	if len(in.Variables) > 0 {
		vars = vars.With(in.Variables)
	}
	tmpl, err := env.Get(in.Name)
	if err != nil {
		return Inspection{Files: loader.files, Faults: []*Error{described(err, in, loader)}}
	}
	doubts := render(tmpl, vars, trace)
	p := &placer{loader: loader, known: map[*jinja.Origin]*Place{}}
	out.Text, out.Files, out.Lines = trace.Text, loader.files, make([]Place, len(trace.Lines))
	for i := range trace.Lines {
		out.Lines[i] = p.place(trace.Lines[i])
	}
	for _, fault := range trace.Faults {
		out.Faults = append(out.Faults, described(fault, in, loader))
	}
	for _, doubt := range doubts {
		out.Doubts = append(out.Doubts, described(doubt, in, loader))
	}
	for _, w := range warned {
		out.Warnings = append(out.Warnings, Warning{p.place(w.Origin), w.msg, w.untaken})
	}
	return out
}

func described(err error, in Input, loader *folders) *Error {
	e := (*Error)(nil)
	if !errors.As(describe(err, in, loader), &e) {
		return &Error{Path: filepath.ToSlash(in.Dir), Msg: err.Error(), Err: err}
	}
	return e
}

// placer finds the files of templates by their names.
type placer struct {
	loader *folders
	known  map[*jinja.Origin]*Place // many lines share how they were led to
}

func (p *placer) place(o jinja.Origin) Place {
	if o.Template == "" {
		return Place{}
	}
	path, _ := p.loader.where(o.Template)
	return Place{Path: path, Line: o.Line, Via: p.via(o.Via)}
}

func (p *placer) via(o *jinja.Origin) *Place {
	if o == nil {
		return nil
	}
	if v, ok := p.known[o]; ok {
		return v
	}
	v := p.place(*o)
	p.known[o] = &v
	return &v
}
