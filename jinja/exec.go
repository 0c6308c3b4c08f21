package jinja

import "github.com/slipway-build/slipway/jinja/python"

func (s *dataStmt) exec(fr *frame) {
	if fr.dropped(s.skip) {
		return
	}
	fr.out.writeData(s.text, s.line)
}

// dropped says whether output at the top of a child template is left out.
func (fr *frame) dropped(check outputCheck) bool {
	return check == outputNever || check == outputUnlessExtended && fr.root.parent != nil
}

func (s *outputStmt) exec(fr *frame) {
	if fr.dropped(s.skip) {
		return
	}
	fr.at(s.line)
	v := s.value.eval(fr)
	if fr.rt.Autoescape {
		if _, safe := plain(v).(python.Markup); !safe {
			v = fr.rt.Escape(plain(v))
		}
	}
	fr.out.writeValue(v, s.line)
}

func (s *doStmt) exec(fr *frame) {
	fr.at(s.line)
	s.value.eval(fr)
}

func (s *ifStmt) exec(fr *frame) {
	for i, test := range s.tests {
		fr.at(s.lines[i])
		if fr.rt.IsTrue(fr.plain(test)) {
			fr.run(s.bodies[i])
			return
		}
	}
	fr.run(s.otherwise)
}

func (s *setStmt) exec(fr *frame) {
	fr.at(s.line)
	checkNamespaces(fr, s.target)
	s.target.assign(fr, s.value.eval(fr))
}

// checkNamespaces refuses attributes of other values than namespaces, before the new value is known.
// Jinja2 says it of the statement above, here it is said of the statement itself.
func checkNamespaces(fr *frame, t target) {
	switch t := t.(type) {
	case *tupleTarget:
		for _, item := range t.items {
			checkNamespaces(fr, item)
		}
	case *attrTarget:
		obj := fr.get(t.name.ref)
		if _, ok := obj.(*python.Namespace); !ok {
			fr.at(t.line)
			panic(&python.Error{Kind: python.RuntimeError, Msg: "cannot assign attribute on non-namespace object",
				Hint: namespaceHint(fr, t, obj)})
		}
	}
}

func (s *setBlockStmt) exec(fr *frame) {
	fr.at(s.line)
	fr.enter(s.scope)
	v := fr.collect(s.body)
	fr.at(s.line)
	if s.filter != nil {
		fr.capture = v
		v = s.filter.eval(fr)
		if text, ok := plain(v).(string); ok && fr.rt.Autoescape {
			v = python.Markup(text)
		}
	}
	s.target.assign(fr, v)
}

func (t *nameTarget) assign(fr *frame, v python.Value) {
	fr.set(t.ref, v)
	if t.export {
		fr.ctx.export(t.name, v, true)
	}
}

// assign also takes a dictionary, which Jinja2 does not refuse where the value is a block. What a name
// meant before a tuple gave it another value counts.
func (t *attrTarget) assign(fr *frame, v python.Value) {
	fr.at(t.line)
	switch obj := fr.get(t.name.ref).(type) {
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

func (t *tupleTarget) assign(fr *frame, v python.Value) {
	fr.at(t.line)
	var items []python.Value
	v = plain(v)
	switch v := v.(type) {
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
		t.items[i].assign(fr, item)
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

func (s *filterStmt) exec(fr *frame) {
	fr.at(s.line)
	fr.enter(s.scope)
	v := fr.collect(s.body)
	fr.at(s.line)
	fr.capture = v
	fr.out.writeValue(joinable(fr.rt, s.filter.eval(fr)), s.line)
}

func (s *withStmt) exec(fr *frame) {
	fr.at(s.line)
	// The variables of the body are loaded first, the values come from outside.
	fr.enter(s.scope)
	for i, t := range s.targets {
		t.assign(fr, s.values[i].eval(fr))
	}
	fr.run(s.body)
}

func (s *autoescapeStmt) exec(fr *frame) {
	fr.at(s.line)
	fr.enter(s.scope)
	saved := fr.rt.Autoescape
	fr.rt.Autoescape = fr.rt.IsTrue(fr.plain(s.value))
	fr.run(s.body)
	fr.rt.Autoescape = saved
}

func (s *blockStmt) exec(fr *frame) {
	if fr.dropped(s.skip) {
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

func (s *extendsStmt) exec(fr *frame) {
	fr.at(s.line)
	if s.multiple == extendsRefused || s.multiple == extendsMaybe && fr.root.parent != nil {
		python.Raise(python.RuntimeError, "extended multiple times")
	}
	t := fr.rt.loadAny(fr.plain(s.template), s.line)
	fr.root.parent = t
	if fr.rt.trace != nil {
		fr.rt.trace.extended[fr.root] = s.line
	}
	if fr.ctx.blocks == nil && len(t.blocks) > 0 {
		fr.ctx.blocks = map[string][]*blockStmt{}
	}
	for name, b := range t.blocks {
		fr.ctx.blocks[name] = append(fr.ctx.blocks[name], b)
	}
}

func (s *macroStmt) exec(fr *frame) {
	fr.at(s.line)
	fr.rt.ChargeEntries(1)
	fr.rt.ChargeItems(len(fr.slots))
	m := &macroValue{name: s.name, named: true, sig: &s.sig, info: &s.macroInfo, body: s.body,
		fr: fr, tmpl: fr.rt.tmpl, autoescape: fr.rt.Autoescape}
	s.store.assign(fr, m)
}

func (s *callStmt) exec(fr *frame) {
	fr.at(s.line)
	fr.rt.ChargeEntries(1)
	fr.rt.ChargeItems(len(fr.slots))
	caller := &macroValue{sig: &s.sig, info: &s.macroInfo, body: s.body,
		fr: fr, tmpl: fr.rt.tmpl, autoescape: fr.rt.Autoescape}
	fr.out.writeValue(joinable(fr.rt, s.call.evalWith(fr, []python.Kwarg{{Name: "caller", Value: caller}})), s.line)
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
