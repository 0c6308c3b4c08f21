package jinja

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// exec executes a statement, and raises what goes wrong.
func (fr *frame) exec(s syntax.Node) {
	if s, ok := s.(*syntax.Data); ok { // with the next the most frequent, as in eval
		fr.dataStmt(s)
		return
	}
	if s, ok := s.(*syntax.Output); ok {
		fr.outputStmt(s)
		return
	}
	switch s := s.(type) {
	case *syntax.If:
		fr.ifStmt(s)
	case *syntax.For:
		fr.forStmt(s)
	case *syntax.Set:
		fr.setStmt(s)
	case *syntax.Capture:
		fr.captureStmt(s)
	case *syntax.Macro:
		fr.macroStmt(s)
	case *syntax.CallBlock:
		fr.callStmt(s)
	case *syntax.With:
		fr.withStmt(s)
	case *syntax.Autoescape:
		fr.autoescapeStmt(s)
	case *syntax.Block:
		fr.blockStmt(s)
	case *syntax.Extends:
		fr.extendsStmt(s)
	case *syntax.Include:
		fr.includeStmt(s)
	case *syntax.Import:
		fr.importStmt(s)
	default:
		panic(fmt.Sprintf("unknown statement %T", s))
	}
}

func (fr *frame) dataStmt(s *syntax.Data) {
	if fr.dropped(s.OutputRule) {
		return
	}
	fr.out.writeData(s.Text, s.Line)
}

// dropped says whether output at the top of a child template is left out.
func (fr *frame) dropped(rule syntax.OutputRule) bool {
	return rule.Dropped || rule.ChildDropped && fr.root.parent != nil
}

func (fr *frame) outputStmt(s *syntax.Output) {
	if fr.dropped(s.OutputRule) {
		return
	}
	fr.at(s.Line)
	v := fr.eval(s.Value)
	if s.Silent {
		return
	}
	if fr.rt.Autoescape {
		if _, safe := plain(v).(python.Markup); !safe {
			v = fr.rt.Escape(plain(v))
		}
	}
	fr.out.writeValue(v, s.Line)
}

func (fr *frame) ifStmt(s *syntax.If) {
	for i, test := range s.Tests {
		fr.at(s.Lines[i])
		if fr.rt.IsTrue(fr.plain(test)) {
			fr.run(s.Bodies[i])
			return
		}
	}
	fr.run(s.Otherwise)
}

func (fr *frame) setStmt(s *syntax.Set) {
	fr.at(s.Line)
	checkNamespaces(fr, s.Target)
	fr.assign(s.Target, fr.eval(s.Value))
}

// checkNamespaces refuses attributes of other values than namespaces, before the new value is known.
// Jinja2 says it of the statement above, here it is said of the statement itself.
func checkNamespaces(fr *frame, t *syntax.Target) {
	for _, item := range t.Items {
		checkNamespaces(fr, item)
	}
	if t.Attr == "" {
		return
	}
	obj := fr.get(t.Ref)
	if _, ok := obj.(*python.Namespace); !ok {
		fr.at(t.Line)
		panic(&python.Error{Kind: python.RuntimeError, Msg: "cannot assign attribute on non-namespace object",
			Hint: namespaceHint(fr, t, obj)})
	}
}

// captureStmt runs a body, and assigns or prints what it printed.
func (fr *frame) captureStmt(s *syntax.Capture) {
	fr.at(s.Line)
	fr.enter(s.Scope)
	v := fr.collect(s.Body)
	fr.at(s.Line)
	if s.Target == nil {
		fr.capture = v
		fr.out.writeValue(joinable(fr.rt, fr.eval(s.Filter)), s.Line)
		return
	}
	if s.Filter != nil {
		fr.capture = v
		v = fr.eval(s.Filter)
		if text, ok := plain(v).(string); ok && fr.rt.Autoescape {
			v = python.Markup(text)
		}
	}
	fr.assign(s.Target, v)
}

func (fr *frame) assign(t *syntax.Target, v python.Value) {
	switch {
	case t.Attr != "":
		fr.assignAttr(t, v)
	case t.Name != "":
		fr.set(t.Ref, v)
		if t.Export {
			fr.ctx.export(t.Name, v, true)
		}
	default:
		fr.assignItems(t, v)
	}
}

// assignAttr also takes a dictionary, which Jinja2 does not refuse where the value is a block. What a name
// meant before a tuple gave it another value counts.
func (fr *frame) assignAttr(t *syntax.Target, v python.Value) {
	fr.at(t.Line)
	switch obj := fr.get(t.Ref).(type) {
	case *python.Namespace:
		fr.rt.ChargeEntries(1)
		obj.Attrs.SetString(t.Attr, plain(v))
	case *python.Dict:
		fr.rt.ChargeEntries(1)
		obj.SetString(t.Attr, plain(v))
	default:
		python.Raise("TypeError", "'%s' object does not support item assignment", fr.rt.TypeName(obj))
	}
}

func (fr *frame) assignItems(t *syntax.Target, v python.Value) {
	fr.at(t.Line)
	var items []python.Value
	switch v := plain(v).(type) {
	case *python.Tuple:
		items = v.Items
	case *python.List:
		items = v.Items
	default:
		items = fr.rt.unpackable(v, len(t.Items))
	}
	if len(items) < len(t.Items) {
		python.Raise("ValueError", "not enough values to unpack (expected %d, got %d)", len(t.Items), len(items))
	}
	if len(items) > len(t.Items) {
		python.Raise("ValueError", "too many values to unpack (expected %d)", len(t.Items))
	}
	for i, item := range items {
		fr.assign(t.Items[i], item)
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

func (fr *frame) withStmt(s *syntax.With) {
	fr.at(s.Line)
	// The variables of the body are loaded first, the values come from outside.
	fr.enter(s.Scope)
	for i, t := range s.Targets {
		fr.assign(t, fr.eval(s.Values[i]))
	}
	fr.run(s.Body)
}

func (fr *frame) autoescapeStmt(s *syntax.Autoescape) {
	fr.at(s.Line)
	fr.enter(s.Scope)
	saved := fr.rt.Autoescape
	fr.rt.Autoescape = fr.rt.IsTrue(fr.plain(s.Value))
	fr.run(s.Body)
	fr.rt.Autoescape = saved
}

func (fr *frame) blockStmt(s *syntax.Block) {
	if fr.dropped(s.OutputRule) {
		return
	}
	fr.at(s.Line)
	ctx := fr.ctx
	stack := ctx.blocks[s.Name]
	if s.Scoped {
		ctx = ctx.derived(fr.rt, fr.locals(s.Locals))
	}
	if s.Required && len(stack) <= 1 {
		python.Raise(python.RuntimeError, "Required block %s not found", python.Quote(s.Name))
	}
	stack[0].run(fr.rt, ctx, fr.out)
}

// derived is the context of a scoped block.
func (c *context) derived(rt *state, locals map[string]python.Value) *context {
	return &context{tmpl: c.tmpl, parent: c.snapshot(rt, locals), blocks: c.blocks}
}

func (fr *frame) extendsStmt(s *syntax.Extends) {
	fr.at(s.Line)
	if s.Refused || s.Second && fr.root.parent != nil {
		python.Raise(python.RuntimeError, "extended multiple times")
	}
	t := fr.rt.loadAny(fr.plain(s.Template), s.Line)
	fr.root.parent = t
	if fr.rt.trace != nil {
		fr.rt.trace.extended[fr.root] = s.Line
	}
	if fr.ctx.blocks == nil && len(t.root.Blocks) > 0 {
		fr.ctx.blocks = map[string][]boundBlock{}
	}
	for name, b := range t.root.Blocks {
		fr.ctx.blocks[name] = append(fr.ctx.blocks[name], boundBlock{b, t})
	}
}

func (fr *frame) macroStmt(s *syntax.Macro) {
	fr.at(s.Line)
	fr.rt.ChargeEntries(1)
	fr.rt.ChargeItems(len(fr.slots))
	m := &macroValue{name: s.Store.Name, named: true, fn: &s.Function, fr: fr, tmpl: fr.rt.tmpl, autoescape: fr.rt.Autoescape}
	fr.assign(&s.Store, m)
}

func (fr *frame) callStmt(s *syntax.CallBlock) {
	fr.at(s.Line)
	fr.rt.ChargeEntries(1)
	fr.rt.ChargeItems(len(fr.slots))
	caller := &macroValue{fn: &s.Function, fr: fr, tmpl: fr.rt.tmpl, autoescape: fr.rt.Autoescape}
	fr.out.writeValue(joinable(fr.rt, fr.callWith(s.Call, []python.Kwarg{{Name: "caller", Value: caller}})), s.Line)
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
