package jinja

// frame is one running function with its variables.
type frame struct {
	rt      *state
	ctx     *context
	out     *buffer
	direct  *buffer // out of the whole function, whatever block captures
	slots   []Value
	up      *frame // of the function around this one
	root    *frame // the template's or block's own frame
	parent  *Template
	capture Value // the text that a filter block or set block filters
}

func newFrame(rt *state, ctx *context, out *buffer, fn *fnInfo, up *frame) *frame {
	fr := &frame{rt: rt, ctx: ctx, out: out, direct: out, up: up}
	if fn.slots > 0 {
		fr.slots = make([]Value, fn.slots)
	}
	fr.root = fr
	if up != nil {
		fr.root = up.root
	}
	return fr
}

func (fr *frame) get(r ref) Value {
	for n := r.hops; n > 0; n-- {
		fr = fr.up
	}
	return fr.slots[r.slot]
}

func (fr *frame) set(r ref, v Value) {
	for n := r.hops; n > 0; n-- {
		fr = fr.up
	}
	fr.slots[r.slot] = v
}

// enter does the loads of a scope.
func (fr *frame) enter(s scope) {
	for i := range s {
		op := &s[i]
		switch op.kind {
		case loadResolve:
			fr.slots[op.slot] = fr.ctx.resolve(fr.rt, op.name)
		case loadAlias:
			fr.slots[op.slot] = fr.get(op.from)
		default:
			fr.slots[op.slot] = nil
		}
	}
}

func (fr *frame) run(body []stmt) {
	if fr.rt.trace != nil {
		fr.rt.trace.run(fr, body)
		return
	}
	for _, st := range body {
		st.exec(fr)
	}
}

// collect runs a body and returns what it prints.
func (fr *frame) collect(body []stmt) Value {
	saved := fr.out
	buf := &buffer{rt: fr.rt}
	fr.out = buf
	fr.run(body)
	fr.out = saved
	return buf.captured()
}

// markup marks text made by a template as safe where autoescape is on.
func (rt *state) markup(s string) Value {
	if rt.autoescape {
		return Markup(s)
	}
	return s
}

// at notes the line of what is executed now.
func (fr *frame) at(line int) { fr.rt.line = line }

func (fr *frame) locals(vars []localVar) map[string]Value {
	if len(vars) == 0 {
		return nil
	}
	fr.rt.charge(48 * len(vars))
	m := make(map[string]Value, len(vars))
	for _, l := range vars {
		if v := fr.get(l.ref); v != nil {
			m[l.name] = v
		}
	}
	return m
}

// run renders a template's root, and then the one it extends.
func (t *Template) run(rt *state, ctx *context, out *buffer) {
	rt.push()
	saved := rt.enterTemplate(t, ctx)
	fr := newFrame(rt, ctx, out, t.root.fn, nil)
	if t.root.self != nil {
		fr.set(*t.root.self, &selfRef{ctx})
	}
	fr.enter(t.root.scope)
	fr.run(t.root.body)
	if fr.parent != nil {
		if rt.trace != nil {
			rt.line = rt.trace.extended[fr]
		}
		fr.parent.run(rt, ctx, out)
	}
	rt.restore(saved)
	rt.pop()
}

// run renders a block with the variables of ctx.
func (b *blockStmt) run(rt *state, ctx *context, out *buffer) {
	rt.push()
	rt.step()
	saved := rt.enterTemplate(b.tmpl, ctx)
	fr := newFrame(rt, ctx, out, b.fn, nil)
	if b.self != nil {
		fr.set(*b.self, &selfRef{ctx})
	}
	if b.super != nil {
		fr.set(*b.super, superOf(ctx, b))
	}
	fr.enter(b.scope)
	fr.run(b.body)
	rt.restore(saved)
	rt.pop()
}

// blockRef is a block as a value: self.name or super.
type blockRef struct {
	name  string
	ctx   *context
	depth int
}

// selfRef is the "self" of a template.
type selfRef struct{ ctx *context }

func superOf(ctx *context, b *blockStmt) Value {
	for i, other := range ctx.blocks[b.name] {
		if other == b && i+1 < len(ctx.blocks[b.name]) {
			return &blockRef{b.name, ctx, i + 1}
		}
	}
	return noParentBlock(b.name)
}

func noParentBlock(name string) Value {
	return &Undefined{hint: "there is no parent block called " + quote(name) + ".", name: "super"}
}

func (b *blockRef) call(rt *state) Value {
	buf := &buffer{rt: rt}
	b.ctx.blocks[b.name][b.depth].run(rt, b.ctx, buf)
	return buf.captured()
}

func (b *blockRef) attr(name string) Value {
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
			rt.mem.chargeBeside(siteSize)
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
