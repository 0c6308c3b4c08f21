package jinja

import (
	"github.com/slipway-build/slipway/jinja/python"

	"github.com/slipway-build/slipway/jinja/syntax"
)

// frame is one running function with its variables.
type frame struct {
	rt      *state
	ctx     *context
	out     *buffer
	direct  *buffer // out of the whole function, whatever block captures
	slots   []python.Value
	up      *frame // of the function around this one
	root    *frame // the template's or block's own frame
	parent  *Template
	capture python.Value // the text that a filter block or set block filters
}

func newFrame(rt *state, ctx *context, out *buffer, fn *syntax.Frame, up *frame) *frame {
	fr := &frame{rt: rt, ctx: ctx, out: out, direct: out, up: up}
	if fn.Slots > 0 {
		fr.slots = make([]python.Value, fn.Slots)
	}
	fr.root = fr
	if up != nil {
		fr.root = up.root
	}
	return fr
}

func (fr *frame) get(r syntax.Ref) python.Value {
	for n := r.Hops; n > 0; n-- {
		fr = fr.up
	}
	return fr.slots[r.Slot]
}

func (fr *frame) set(r syntax.Ref, v python.Value) {
	for n := r.Hops; n > 0; n-- {
		fr = fr.up
	}
	fr.slots[r.Slot] = v
}

// enter does the loads of a scope.
func (fr *frame) enter(s []syntax.Load) {
	for i := range s {
		op := &s[i]
		switch {
		case op.Resolve:
			fr.slots[op.Slot] = fr.ctx.resolve(fr.rt, op.Name)
		case op.Alias:
			fr.slots[op.Slot] = fr.get(op.From)
		default:
			fr.slots[op.Slot] = nil
		}
	}
}

func (fr *frame) run(body []syntax.Node) {
	if fr.rt.trace != nil {
		fr.rt.trace.run(fr, body)
		return
	}
	for _, st := range body {
		fr.exec(st)
	}
}

// collect runs a body and returns what it prints.
func (fr *frame) collect(body []syntax.Node) python.Value {
	saved := fr.out
	buf := &buffer{rt: fr.rt}
	fr.out = buf
	fr.run(body)
	fr.out = saved
	return buf.captured()
}

// at notes the line of what is executed now.
func (fr *frame) at(line int) { fr.rt.line = line }

func (fr *frame) locals(vars []syntax.Local) map[string]python.Value {
	if len(vars) == 0 {
		return nil
	}
	fr.rt.Charge(48 * len(vars))
	m := make(map[string]python.Value, len(vars))
	for _, l := range vars {
		if v := fr.get(l.Ref); v != nil {
			m[l.Name] = v
		}
	}
	return m
}

// run renders a template's root, and then the one it extends.
func (t *Template) run(rt *state, ctx *context, out *buffer) {
	rt.Push()
	saved := rt.enterTemplate(t, ctx)
	fr := newFrame(rt, ctx, out, t.root.Fn, nil)
	if t.root.Self != nil {
		fr.set(*t.root.Self, &selfRef{ctx})
	}
	fr.enter(t.root.Scope)
	fr.run(t.root.Body)
	if fr.parent != nil {
		if rt.trace != nil {
			rt.line = rt.trace.extended[fr]
		}
		fr.parent.run(rt, ctx, out)
	}
	rt.restore(saved)
	rt.Pop()
}

// boundBlock is a block with the template that it stands in.
type boundBlock struct {
	*syntax.Block
	tmpl *Template
}

// run renders a block with the variables of ctx.
func (b boundBlock) run(rt *state, ctx *context, out *buffer) {
	rt.Push()
	rt.Step()
	saved := rt.enterTemplate(b.tmpl, ctx)
	fr := newFrame(rt, ctx, out, b.Fn, nil)
	if b.Self != nil {
		fr.set(*b.Self, &selfRef{ctx})
	}
	if b.Super != nil {
		fr.set(*b.Super, superOf(ctx, b.Block))
	}
	fr.enter(b.Scope)
	fr.run(b.Body)
	rt.restore(saved)
	rt.Pop()
}

// blockRef is a block as a value: self.name or super.
type blockRef struct {
	name  string
	ctx   *context
	depth int
}

// selfRef is the "self" of a template.
type selfRef struct{ ctx *context }

// TypeName is the class of "self".
func (s *selfRef) TypeName() (module, name string) { return "jinja2.runtime", "TemplateReference" }

// Text names the template.
func (s *selfRef) Text(*python.Runtime, bool) string {
	return "<TemplateReference " + python.Quote(s.ctx.tmpl.name) + ">"
}

// Attribute finds nothing: blocks are items.
func (s *selfRef) Attribute(*python.Runtime, string) python.Value { return nil }

// Item is the block of that name; nil if there is none.
func (s *selfRef) Item(key python.Value) python.Value {
	if name, ok := python.Text(key); ok && len(s.ctx.blocks[name]) > 0 {
		return &blockRef{name, s.ctx, 0}
	}
	return nil
}

func superOf(ctx *context, b *syntax.Block) python.Value {
	for i, other := range ctx.blocks[b.Name] {
		if other.Block == b && i+1 < len(ctx.blocks[b.Name]) {
			return &blockRef{b.Name, ctx, i + 1}
		}
	}
	return noParentBlock(b.Name)
}

func noParentBlock(name string) python.Value {
	return &python.Undefined{Hint: "there is no parent block called " + python.Quote(name) + ".", Name: "super"}
}

// TypeName is the class of a block.
func (b *blockRef) TypeName() (module, name string) { return "jinja2.runtime", "BlockReference" }

// Text shows no more than the class.
func (b *blockRef) Text(*python.Runtime, bool) string { return "<BlockReference object>" }

// Call gives what the block prints.
func (b *blockRef) Call(r *python.Runtime, pos []python.Value, named []python.Kwarg) python.Value {
	if len(pos)+len(named) > 0 {
		python.Raise("TypeError", "a block takes no arguments")
	}
	rt := stateOf(r)
	buf := &buffer{rt: rt}
	b.ctx.blocks[b.name][b.depth].run(rt, b.ctx, buf)
	return buf.captured()
}

// Attribute knows the block that this one replaces.
func (b *blockRef) Attribute(_ *python.Runtime, name string) python.Value {
	if name != "super" {
		return nil
	}
	if b.depth+1 >= len(b.ctx.blocks[b.name]) {
		return noParentBlock(b.name)
	}
	return &blockRef{b.name, b.ctx, b.depth + 1}
}

// position is what a call of another template changes and restores.
type position struct {
	tmpl *Template
	ctx  *context
	line int
	site *Origin // of a Trace
}

// siteSize is what an Origin takes in memory, in bytes.
const siteSize = 48

func (rt *state) enterTemplate(t *Template, ctx *context) position {
	saved := position{rt.tmpl, rt.ctx, rt.line, nil}
	if tr := rt.trace; tr != nil {
		if saved.site = tr.site; rt.ctx != nil {
			rt.Account.ChargeBeside(siteSize)
			tr.site = &Origin{rt.tmpl.name, rt.line, tr.site}
		}
	}
	rt.tmpl, rt.ctx = t, ctx
	return saved
}

func (rt *state) restore(p position) {
	rt.tmpl, rt.ctx, rt.line = p.tmpl, p.ctx, p.line
	if rt.trace != nil {
		rt.trace.site = p.site
	}
}
