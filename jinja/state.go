package jinja

import (
	"errors"
	"fmt"
	"io/fs"
	"unicode/utf8"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func runeCount(s string) int { return utf8.RuneCountInString(s) }

// state is one render: its position, its budget, its loaded templates.
type state struct {
	env        *Env
	tmpl       *Template
	ctx        *context
	line       int
	autoescape bool
	limits     Limits
	steps      int
	mem        *account
	work       int
	depth      int
	templates  map[string]*Template
	modules    map[*Template]*module
	copies     map[string]Value
	trace      *Trace // nil: nobody asked
}

// newState begins a render; env has an account.
func newState(env *Env, t *Template) *state {
	return &state{env: env, tmpl: t, line: 1, autoescape: env.opts.Autoescape, limits: env.opts.Limits, mem: env.account}
}

// charge counts n bytes of new values.
func (rt *state) charge(n int) { rt.mem.charge(n) }

// chargeProduct counts n values of the given size before they are made.
func (rt *state) chargeProduct(n, size int) {
	if n > 0 && size > rt.limits.Memory/n {
		rt.charge(-1)
	}
	rt.charge(n * size)
}

// step counts one iteration or call.
func (rt *state) step() {
	rt.steps++
	if rt.steps > rt.limits.Steps {
		raise(LimitError, "template takes more than %d steps", rt.limits.Steps)
	}
}

// effort counts n bytes or items that an operation looks at.
func (rt *state) effort(n int) {
	rt.work += n
	if rt.work/16 > rt.limits.Memory {
		raise(LimitError, "template takes too long")
	}
}

// size is what an operation on v may have to look at.
func size(v Value) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case Markup:
		return len(v)
	case *List:
		return len(v.Items)
	case *Tuple:
		return len(v.Items)
	case *Dict:
		return v.live
	case *dictView:
		return v.dict.live
	}
	return 1
}

// push counts one level of recursion.
func (rt *state) push() {
	rt.depth++
	if rt.depth > rt.limits.Recursion {
		raise("RecursionError", "maximum recursion depth of %d exceeded", rt.limits.Recursion)
	}
}

func (rt *state) pop() { rt.depth-- }

// load returns a template by name, parsed once per render.
func (rt *state) load(name string) (*Template, *Error) {
	if t := rt.templates[name]; t != nil {
		return t, nil
	}
	t, err := rt.env.Get(name)
	if err != nil {
		e := (*Error)(nil)
		if !errors.As(err, &e) {
			panic(err)
		}
		if e.Kind == NotFoundError || errors.Is(err, fs.ErrNotExist) || e.Kind == "OSError" {
			e.Template, e.Line = rt.tmpl.name, rt.line
			e.Msg = "template " + quote(name) + " not found"
			if e.Kind == "OSError" {
				e.Msg = "cannot read template " + quote(name) + ": " + e.Err.Error()
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

func (b *buffer) write(s string) {
	if len(b.b)+len(s) > b.rt.limits.Output {
		raise(LimitError, "output is larger than %d bytes", b.rt.limits.Output)
	}
	if n := len(b.b) + len(s); n > cap(b.b) {
		n = max(n, 2*cap(b.b))
		b.rt.charge(n)
		b.b = append(make([]byte, 0, n), b.b...)
	}
	b.b = append(b.b, s...)
}

// text is what was written so far.
func (b *buffer) text() string {
	b.rt.charge(len(b.b))
	return string(b.b)
}

// layer is a set of variables in front of others.
type layer struct {
	vars    map[string]Value
	convert bool // shared between renders: hand out copies
	next    *layer
}

// context holds the variables of one template and what it exports.
type context struct {
	tmpl     *Template
	vars     map[string]Value
	exported map[string]bool
	parent   *layer
	blocks   map[string][]*blockStmt
}

func newContext(t *Template, parent *layer) *context {
	c := &context{tmpl: t, parent: parent}
	if len(t.blocks) > 0 {
		c.blocks = make(map[string][]*blockStmt, len(t.blocks))
		for name, b := range t.blocks {
			c.blocks[name] = []*blockStmt{b}
		}
	}
	return c
}

// resolve looks a variable up; nil if there is none.
func (c *context) resolve(rt *state, name string) Value {
	if v, ok := c.vars[name]; ok {
		return v
	}
	for l := c.parent; l != nil; l = l.next {
		v, ok := l.vars[name]
		if !ok {
			continue
		}
		if l.convert {
			return rt.ownCopy(name, v)
		}
		return v
	}
	return nil
}

// ownCopy returns this render's copy of a shared variable.
func (rt *state) ownCopy(name string, v Value) Value {
	switch v.(type) {
	case *List, *Dict, *Tuple:
	default:
		return v
	}
	if c, ok := rt.copies[name]; ok {
		return c
	}
	if rt.copies == nil {
		rt.copies = map[string]Value{}
	}
	c := rt.deepCopy(v)
	rt.copies[name] = c
	return c
}

func (rt *state) deepCopy(v Value) Value {
	switch v := v.(type) {
	case *List:
		return newList(rt.copyItems(v.Items))
	case *Tuple:
		return &Tuple{Items: rt.copyItems(v.Items), names: v.names}
	case *Dict:
		rt.push()
		rt.charge(3 * entrySize)
		c := NewDict()
		for _, e := range v.entries {
			if e.key != nil {
				c.set(rt, e.key, rt.deepCopy(e.value))
			}
		}
		rt.pop()
		return c
	}
	return v
}

func (rt *state) copyItems(items []Value) []Value {
	rt.push()
	rt.charge(listSize + itemSize*len(items))
	c := make([]Value, len(items))
	for i, item := range items {
		c[i] = rt.deepCopy(item)
	}
	rt.pop()
	return c
}

// export makes a top-level assignment visible to blocks, includes and importers.
func (c *context) export(name string, v Value, public bool) {
	if c.vars == nil {
		c.vars = map[string]Value{}
		c.exported = map[string]bool{}
	}
	c.vars[name] = v
	if name != "" && name[0] != '_' {
		c.exported[name] = public
	}
}

// snapshot is everything an included template sees of c.
func (c *context) snapshot(rt *state, locals map[string]Value) *layer {
	l := c.parent
	if len(c.vars) > 0 {
		rt.charge(48 * len(c.vars))
		vars := make(map[string]Value, len(c.vars))
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

// useUndefined raises the error of an undefined value.
func (rt *state) useUndefined(u *Undefined) {
	if u == spoilt {
		panic(useSpoilt)
	}
	e := &Error{Kind: UndefinedError, Msg: u.message()}
	if u.tmpl != nil {
		e.Template, e.Line = u.tmpl.name, u.line
	}
	if d, ok := u.obj.(*Dict); ok {
		if name, ok := u.name.(string); ok {
			var known []string
			for _, k := range d.keys() {
				if s, ok := k.(string); ok {
					known = append(known, s)
				}
			}
			e.Hint = didYouMean(name, known)
		}
	} else if name, ok := u.name.(string); ok && u.obj == nil && u.hint == "" {
		e.Hint = didYouMean(name, rt.knownNames())
	}
	panic(e)
}
