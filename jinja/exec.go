package jinja

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja/python"
)

// exec executes a statement, and raises what goes wrong.
func (fr *frame) exec(s stmt) {
	switch s := s.(type) {
	case *dataStmt:
		fr.dataStmt(s)
	case *outputStmt:
		fr.outputStmt(s)
	case *ifStmt:
		fr.ifStmt(s)
	case *forStmt:
		fr.forStmt(s)
	case *setStmt:
		fr.setStmt(s)
	case *captureStmt:
		fr.captureStmt(s)
	case *macroStmt:
		fr.macroStmt(s)
	case *callStmt:
		fr.callStmt(s)
	case *withStmt:
		fr.withStmt(s)
	case *autoescapeStmt:
		fr.autoescapeStmt(s)
	case *blockStmt:
		fr.blockStmt(s)
	case *extendsStmt:
		fr.extendsStmt(s)
	case *includeStmt:
		fr.includeStmt(s)
	case *importStmt:
		fr.importStmt(s)
	default:
		panic(fmt.Sprintf("unknown statement %T", s))
	}
}

func (fr *frame) dataStmt(s *dataStmt) {
	if fr.dropped(s.outputRule) {
		return
	}
	fr.out.writeData(s.text, s.line)
}

// dropped says whether output at the top of a child template is left out.
func (fr *frame) dropped(rule outputRule) bool {
	return rule.dropped || rule.childDropped && fr.root.parent != nil
}

func (fr *frame) outputStmt(s *outputStmt) {
	if fr.dropped(s.outputRule) {
		return
	}
	fr.at(s.line)
	v := fr.eval(s.value)
	if s.silent {
		return
	}
	if fr.rt.Autoescape {
		if _, safe := plain(v).(python.Markup); !safe {
			v = fr.rt.Escape(plain(v))
		}
	}
	fr.out.writeValue(v, s.line)
}

func (fr *frame) ifStmt(s *ifStmt) {
	for i, test := range s.tests {
		fr.at(s.lines[i])
		if fr.rt.IsTrue(fr.plain(test)) {
			fr.run(s.bodies[i])
			return
		}
	}
	fr.run(s.otherwise)
}

func (fr *frame) setStmt(s *setStmt) {
	fr.at(s.line)
	checkNamespaces(fr, s.target)
	fr.assign(s.target, fr.eval(s.value))
}

// checkNamespaces refuses attributes of other values than namespaces, before the new value is known.
// Jinja2 says it of the statement above, here it is said of the statement itself.
func checkNamespaces(fr *frame, t *target) {
	for _, item := range t.items {
		checkNamespaces(fr, item)
	}
	if t.attr == "" {
		return
	}
	obj := fr.get(t.ref)
	if _, ok := obj.(*python.Namespace); !ok {
		fr.at(t.line)
		panic(&python.Error{Kind: python.RuntimeError, Msg: "cannot assign attribute on non-namespace object",
			Hint: namespaceHint(fr, t, obj)})
	}
}

// captureStmt runs a body, and assigns or prints what it printed.
func (fr *frame) captureStmt(s *captureStmt) {
	fr.at(s.line)
	fr.enter(s.scope)
	v := fr.collect(s.body)
	fr.at(s.line)
	if s.target == nil {
		fr.capture = v
		fr.out.writeValue(joinable(fr.rt, fr.eval(s.filter)), s.line)
		return
	}
	if s.filter != nil {
		fr.capture = v
		v = fr.eval(s.filter)
		if text, ok := plain(v).(string); ok && fr.rt.Autoescape {
			v = python.Markup(text)
		}
	}
	fr.assign(s.target, v)
}

func (fr *frame) assign(t *target, v python.Value) {
	switch {
	case t.attr != "":
		fr.assignAttr(t, v)
	case t.name != "":
		fr.set(t.ref, v)
		if t.export {
			fr.ctx.export(t.name, v, true)
		}
	default:
		fr.assignItems(t, v)
	}
}

// assignAttr also takes a dictionary, which Jinja2 does not refuse where the value is a block. What a name
// meant before a tuple gave it another value counts.
func (fr *frame) assignAttr(t *target, v python.Value) {
	fr.at(t.line)
	switch obj := fr.get(t.ref).(type) {
	case *python.Namespace:
		fr.rt.ChargeEntries(1)
		obj.Attrs.SetString(t.attr, plain(v))
	case *python.Dict:
		fr.rt.ChargeEntries(1)
		obj.SetString(t.attr, plain(v))
	default:
		python.Raise("TypeError", "'%s' object does not support item assignment", fr.rt.TypeName(obj))
	}
}

func (fr *frame) assignItems(t *target, v python.Value) {
	fr.at(t.line)
	var items []python.Value
	switch v := plain(v).(type) {
	case *python.Tuple:
		items = v.Items
	case *python.List:
		items = v.Items
	default:
		items = fr.rt.unpackable(v, len(t.items))
	}
	if len(items) < len(t.items) {
		python.Raise("ValueError", "not enough values to unpack (expected %d, got %d)", len(t.items), len(items))
	}
	if len(items) > len(t.items) {
		python.Raise("ValueError", "too many values to unpack (expected %d)", len(t.items))
	}
	for i, item := range items {
		fr.assign(t.items[i], item)
	}
}

// unpackable reads at most one item more than wanted from any iterable.
func (rt *state) unpackable(v python.Value, want int) []python.Value {
	it := rt.Iterator(v)
	if it == nil {
		python.Raise("TypeError", "cannot unpack non-iterable %s object", rt.TypeName(v))
	}
	var items []python.Value
	for len(items) <= want {
		item, ok := it.Next()
		if !ok {
			break
		}
		items = rt.AppendItem(items, item)
	}
	return items
}

func (fr *frame) withStmt(s *withStmt) {
	fr.at(s.line)
	// The variables of the body are loaded first, the values come from outside.
	fr.enter(s.scope)
	for i, t := range s.targets {
		fr.assign(t, fr.eval(s.values[i]))
	}
	fr.run(s.body)
}

func (fr *frame) autoescapeStmt(s *autoescapeStmt) {
	fr.at(s.line)
	fr.enter(s.scope)
	saved := fr.rt.Autoescape
	fr.rt.Autoescape = fr.rt.IsTrue(fr.plain(s.value))
	fr.run(s.body)
	fr.rt.Autoescape = saved
}

func (fr *frame) blockStmt(s *blockStmt) {
	if fr.dropped(s.outputRule) {
		return
	}
	fr.at(s.line)
	ctx := fr.ctx
	stack := ctx.blocks[s.name]
	if s.scoped {
		ctx = ctx.derived(fr.rt, fr.locals(s.locals))
	}
	if s.required && len(stack) <= 1 {
		python.Raise(python.RuntimeError, "Required block %s not found", python.Quote(s.name))
	}
	stack[0].run(fr.rt, ctx, fr.out)
}

// derived is the context of a scoped block.
func (c *context) derived(rt *state, locals map[string]python.Value) *context {
	return &context{tmpl: c.tmpl, parent: c.snapshot(rt, locals), blocks: c.blocks}
}

func (fr *frame) extendsStmt(s *extendsStmt) {
	fr.at(s.line)
	if s.refused || s.second && fr.root.parent != nil {
		python.Raise(python.RuntimeError, "extended multiple times")
	}
	t := fr.rt.loadAny(fr.plain(s.template), s.line)
	fr.root.parent = t
	if fr.rt.trace != nil {
		fr.rt.trace.extended[fr.root] = s.line
	}
	if fr.ctx.blocks == nil && len(t.root.blocks) > 0 {
		fr.ctx.blocks = map[string][]boundBlock{}
	}
	for name, b := range t.root.blocks {
		fr.ctx.blocks[name] = append(fr.ctx.blocks[name], boundBlock{b, t})
	}
}

func (fr *frame) macroStmt(s *macroStmt) {
	fr.at(s.line)
	fr.rt.ChargeEntries(1)
	fr.rt.ChargeItems(len(fr.slots))
	m := &macroValue{name: s.store.name, named: true, fn: &s.function, fr: fr, tmpl: fr.rt.tmpl, autoescape: fr.rt.Autoescape}
	fr.assign(&s.store, m)
}

func (fr *frame) callStmt(s *callStmt) {
	fr.at(s.line)
	fr.rt.ChargeEntries(1)
	fr.rt.ChargeItems(len(fr.slots))
	caller := &macroValue{fn: &s.function, fr: fr, tmpl: fr.rt.tmpl, autoescape: fr.rt.Autoescape}
	fr.out.writeValue(joinable(fr.rt, fr.callWith(s.call, []python.Kwarg{{Name: "caller", Value: caller}})), s.line)
}

// joinable is a text that becomes output as it is: what filter and call blocks
// give is not converted.
func joinable(rt *state, v python.Value) python.Value {
	if v == python.Value(spoilt) {
		panic(useSpoilt)
	}
	if _, ok := python.Text(plain(v)); !ok {
		python.Raise("TypeError", "sequence item 0: expected str instance, %s found", rt.TypeName(v))
	}
	return v
}
