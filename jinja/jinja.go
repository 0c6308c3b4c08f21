package jinja

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sort"
	"unicode/utf8"

	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// Loader finds the source of a template by name. A name it does not know is an
// error that matches fs.ErrNotExist.
type Loader interface {
	Load(name string) (string, error)
}

// MapLoader is a Loader over a map from name to source.
type MapLoader map[string]string

// Load returns the source kept under name.
func (m MapLoader) Load(name string) (string, error) {
	src, ok := m[name]
	if !ok {
		return "", fs.ErrNotExist
	}
	return src, nil
}

// Options says how templates are read and how they print. The zero value is
// Jinja2's own default.
type Options struct {
	TrimBlocks          bool // drop the newline after a block tag
	LstripBlocks        bool // drop the blanks before a block tag that begins a line
	KeepTrailingNewline bool // keep the one newline at the end of the source
	Autoescape          bool // escape HTML in printed values
	LenientUndefined    bool // undefined values print as nothing (Python's Undefined instead of StrictUndefined)
	Limits              python.Limits
}

// Env holds filters, tests and globals. It must not be changed once a template
// was parsed with it; after that it is safe for concurrent use.
type Env struct {
	opts    Options
	loader  Loader
	filters map[string]*python.Builtin
	tests   map[string]*python.Builtin
	globals map[string]python.Value
	account *python.Account // nil: each render has its own
}

// NewEnv returns an Env with all built-in filters, tests and globals of Jinja2
// 3.1 and the "do" extension. A nil loader knows no template.
func NewEnv(loader Loader, opts Options) *Env {
	if loader == nil {
		loader = MapLoader{}
	}
	opts.Limits = opts.Limits.WithDefaults()
	return &Env{opts: opts, loader: loader, filters: builtinFilters, tests: builtinTests, globals: builtinGlobals}
}

// WithLoader returns an Env that shares filters, tests, globals and options
// with e and finds other templates through loader.
func (e *Env) WithLoader(loader Loader) *Env {
	c := *e
	c.loader = loader
	return &c
}

// AddFilter adds or replaces a filter. The signature names its parameters as
// Python would ("value, width=80"), the first is the filtered value; f gets one
// argument for each: nil, bool, int64, *big.Int, float64, string, []any or
// map[string]any. An error ends the render; what follows "\nhint: " in it is its hint.
func (e *Env) AddFilter(name, signature string, f func(args []any) (any, error)) {
	e.filters = withBuiltin(e.filters, hostBuiltin(name, signature, f))
}

// AddTest adds or replaces a test, used as "x is name".
func (e *Env) AddTest(name, signature string, f func(args []any) (any, error)) {
	e.tests = withBuiltin(e.tests, hostBuiltin(name, signature, f))
}

// AddFunction adds or replaces a function that templates call by its name. The
// signature is as AddFilter's, without a value that is filtered.
func (e *Env) AddFunction(name, signature string, f func(args []any) (any, error)) {
	e.AddGlobal(name, hostBuiltin(name, signature, f))
}

// AddGlobal adds or replaces a value that every template sees, imported ones
// too. A variable of a render with that name hides it.
func (e *Env) AddGlobal(name string, value any) {
	e.globals = maps.Clone(e.globals)
	e.globals[name] = python.FromGo(value)
}

func withBuiltin(m map[string]*python.Builtin, b *python.Builtin) map[string]*python.Builtin {
	c := maps.Clone(m)
	c[b.Name] = b
	return c
}

func hostBuiltin(name, signature string, f func(args []any) (any, error)) *python.Builtin {
	return python.Define(name, signature, func(rt *python.Runtime, args []python.Value) python.Value {
		in := make([]any, len(args))
		for i, a := range args {
			in[i] = rt.ToGo(a, 0)
			if s, ok := in[i].(string); ok {
				rt.ChargeProduct(4, len(s)) // what the filter may make of it
			}
		}
		out, err := f(in)
		if err != nil {
			rt.RaiseErr(err)
		}
		return python.FromGo(out)
	})
}

// Template is one parsed template. It is immutable and safe for concurrent use.
type Template struct {
	env  *Env
	name string
	root *syntax.Template
}

// Parse reads a template's source; name is used in errors. The error is a *python.Error.
func (e *Env) Parse(name, source string) (*Template, error) {
	if len(source) > e.opts.Limits.Source {
		return nil, &python.Error{Kind: python.LimitError, Template: name, Line: 1, Msg: fmt.Sprintf("template is larger than %d bytes", e.opts.Limits.Source)}
	}
	if !utf8.ValidString(source) {
		return nil, &python.Error{Kind: "UnicodeDecodeError", Template: name, Line: 1, Msg: "template is not valid UTF-8"}
	}
	tree, err := e.grammar().Parse(name, source)
	if err != nil {
		return nil, err
	}
	return &Template{env: e, name: name, root: tree}, nil
}

// grammar is what templates of e may use.
func (e *Env) grammar() *syntax.Grammar {
	g := &syntax.Grammar{TrimBlocks: e.opts.TrimBlocks, LstripBlocks: e.opts.LstripBlocks, KeepTrailingNewline: e.opts.KeepTrailingNewline,
		Filters: e.filters, Tests: e.tests}
	if e.account != nil {
		g.Charge = e.account.Charge
	}
	return g
}

// Get loads a template by name and parses it. A name the loader does not know
// is an *Error of kind "TemplateNotFound".
func (e *Env) Get(name string) (*Template, error) {
	src, err := e.loader.Load(name)
	if err != nil {
		kind := python.Kind("TemplateNotFound")
		msg := name
		if !errors.Is(err, fs.ErrNotExist) {
			kind, msg = "OSError", err.Error()
		}
		return nil, &python.Error{Kind: kind, Template: name, Msg: msg, Err: err}
	}
	return e.Parse(name, src)
}

// Name is the name that the template was parsed with.
func (t *Template) Name() string { return t.name }

// Tree is the parsed source. It must not be changed.
func (t *Template) Tree() *syntax.Template { return t.root }

// Vars are the variables of a render, converted once and shared by many.
type Vars struct{ m map[string]python.Value }

// NewVars converts the variables of a render; see FromGo for what is accepted.
func NewVars(m map[string]any) Vars {
	v := Vars{m: make(map[string]python.Value, len(m))}
	for k, x := range m {
		v.m[k] = python.FromGo(x)
	}
	return v
}

// With returns the variables of v and those of m that v lacks.
func (v Vars) With(m map[string]any) Vars {
	c := Vars{m: make(map[string]python.Value, len(v.m)+len(m))}
	for k, x := range m {
		if _, has := v.m[k]; !has {
			c.m[k] = python.FromGo(x)
		}
	}
	for k, x := range v.m {
		c.m[k] = x
	}
	return c
}

// Names returns the names of the variables, sorted.
func (v Vars) Names() []string {
	names := make([]string, 0, len(v.m))
	for k := range v.m {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}

// Render executes the template. The error is a *python.Error. Lists and dicts in vars
// are copied when they are first used, so a template cannot change them.
func (t *Template) Render(vars Vars) (out []byte, err error) {
	env := t.env
	if env.account == nil {
		var end func()
		env, end = env.Begin()
		defer end()
	}
	rt := newState(env, t)
	defer rt.recoverError(&err)
	ctx := newContext(t, &layer{vars: vars.m, shared: true, next: env.layer()})
	buf := newOutput(rt)
	t.run(rt, ctx, buf)
	return buf.b, nil
}

// Words lists the names that stand in the tags of a source: variables, and what
// else is written like one. Of a source that is no template it lists those
// before the fault.
func (e *Env) Words(source string) []string {
	env, end := e.Begin()
	defer end()
	return env.grammar().Names(source)
}
