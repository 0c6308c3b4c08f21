package jinja

import (
	"errors"
	"io/fs"

	"github.com/slipway-build/slipway/jinja/python"
)

// state is one render: its position, its budget, its loaded templates.
type state struct {
	python.Runtime
	env       *Env
	tmpl      *Template
	ctx       *context
	line      int
	templates map[string]*Template
	modules   map[*Template]*module
	copies    map[shared]python.Value
	trace     *Trace // nil: nobody asked
}

// newState begins a render; env has an account.
func newState(env *Env, t *Template) *state {
	rt := &state{env: env, tmpl: t, line: 1}
	rt.Program, rt.Limits, rt.Account = rt, env.opts.Limits, env.account
	rt.Autoescape, rt.Lenient = env.opts.Autoescape, env.opts.LenientUndefined
	return rt
}

// stateOf is the render that calls a function.
func stateOf(rt *python.Runtime) *state { return rt.Program.(*state) }

// recoverError turns a panic into the error of the place where the render is.
func (rt *state) recoverError(err *error) {
	if r := recover(); r != nil {
		*err = python.Caught(r, rt.tmpl.name, rt.line)
	}
}

// load returns a template by name, parsed once per render.
func (rt *state) load(name string) (*Template, *python.Error) {
	if t := rt.templates[name]; t != nil {
		return t, nil
	}
	t, err := rt.env.Get(name)
	if err != nil {
		e := (*python.Error)(nil)
		if !errors.As(err, &e) {
			panic(err)
		}
		if e.Kind == python.NotFoundError || errors.Is(err, fs.ErrNotExist) || e.Kind == "OSError" {
			e.Template, e.Line = rt.tmpl.name, rt.line
			e.Msg = "template " + python.Quote(name) + " not found"
			if e.Kind == "OSError" {
				e.Msg = "cannot read template " + python.Quote(name) + ": " + e.Err.Error()
			}
			return nil, e
		}
		panic(e)
	}
	if rt.templates == nil {
		rt.templates = map[string]*Template{}
	}
	rt.templates[name] = t
	return t, nil
}

// buffer collects output.
type buffer struct {
	rt  *state
	b   []byte
	src *sources
}

// newOutput is the buffer of a whole render: it has room for a text of common
// length from the beginning.
func newOutput(rt *state) *buffer {
	const room = 2048
	rt.Charge(room)
	return &buffer{rt: rt, b: make([]byte, 0, room)}
}

func (b *buffer) write(s string) {
	if len(b.b)+len(s) > b.rt.Limits.Output {
		python.Raise(python.LimitError, "output is larger than %d bytes", b.rt.Limits.Output)
	}
	if n := len(b.b) + len(s); n > cap(b.b) {
		n = max(n, 2*cap(b.b))
		b.rt.Charge(n)
		b.b = append(make([]byte, 0, n), b.b...)
	}
	b.b = append(b.b, s...)
}

// text is what was written so far.
func (b *buffer) text() string {
	b.rt.Charge(len(b.b))
	return string(b.b)
}

// layer is a set of variables in front of others.
type layer struct {
	vars   map[string]python.Value
	shared bool // between renders: hand out copies
	global bool // of the Env
	next   *layer
}

// shared names a value of Vars or of the Env, of which each render has a copy.
type shared struct {
	name   string
	global bool
}

// layer is what every template sees.
func (e *Env) layer() *layer { return &layer{vars: e.globals, shared: true, global: true} }

// context holds the variables of one template and what it exports.
type context struct {
	tmpl     *Template
	vars     map[string]python.Value
	exported map[string]bool
	parent   *layer
	blocks   map[string][]boundBlock
}

func newContext(t *Template, parent *layer) *context {
	c := &context{tmpl: t, parent: parent}
	if len(t.root.Blocks) > 0 {
		c.blocks = make(map[string][]boundBlock, len(t.root.Blocks))
		for name, b := range t.root.Blocks {
			c.blocks[name] = []boundBlock{{b, t}}
		}
	}
	return c
}

// resolve looks a variable up; nil if there is none.
func (c *context) resolve(rt *state, name string) python.Value {
	if v, ok := c.vars[name]; ok {
		return v
	}
	for l := c.parent; l != nil; l = l.next {
		v, ok := l.vars[name]
		if !ok {
			continue
		}
		if l.shared {
			return rt.ownCopy(shared{name, l.global}, v)
		}
		return v
	}
	return nil
}

// ownCopy returns this render's copy of a shared value.
func (rt *state) ownCopy(of shared, v python.Value) python.Value {
	switch v.(type) {
	case *python.List, *python.Dict, *python.Tuple:
	default:
		return v
	}
	if c, ok := rt.copies[of]; ok {
		return c
	}
	if rt.copies == nil {
		rt.copies = map[shared]python.Value{}
	}
	c := rt.DeepCopy(v)
	rt.copies[of] = c
	return c
}

// export makes a top-level assignment visible to blocks, includes and importers.
func (c *context) export(name string, v python.Value, public bool) {
	if c.vars == nil {
		c.vars = map[string]python.Value{}
		c.exported = map[string]bool{}
	}
	c.vars[name] = v
	if name != "" && name[0] != '_' {
		c.exported[name] = public
	}
}

// snapshot is everything an included template sees of c.
func (c *context) snapshot(rt *state, locals map[string]python.Value) *layer {
	l := c.parent
	if len(c.vars) > 0 {
		rt.Charge(48 * len(c.vars))
		vars := make(map[string]python.Value, len(c.vars))
		for k, v := range c.vars {
			vars[k] = v
		}
		l = &layer{vars: vars, next: l}
	}
	if len(locals) > 0 {
		l = &layer{vars: locals, next: l}
	}
	return l
}

// names lists all variables that can be seen, for hints.
func (c *context) names() []string {
	var names []string
	for k := range c.vars {
		names = append(names, k)
	}
	for l := c.parent; l != nil; l = l.next {
		for k := range l.vars {
			names = append(names, k)
		}
	}
	return names
}

// Undefined raises the error of an undefined value.
func (rt *state) Undefined(u *python.Undefined) {
	if u == spoilt {
		panic(useSpoilt)
	}
	e := &python.Error{Kind: python.UndefinedError, Msg: u.Message()}
	if u.Template != "" {
		e.Template, e.Line = u.Template, u.Line
	}
	if d, ok := u.Object.(*python.Dict); ok {
		if name, ok := u.Name.(string); ok {
			var known []string
			for _, k := range d.Keys() {
				if s, ok := k.(string); ok {
					known = append(known, s)
				}
			}
			e.Hint = python.DidYouMean(name, known)
		}
	} else if name, ok := u.Name.(string); ok && u.Object == nil && u.Hint == "" {
		e.Hint = python.DidYouMean(name, rt.knownNames())
	}
	panic(e)
}
