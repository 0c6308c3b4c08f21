package jinja

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// eval gives the value of an expression, and raises what goes wrong.
func (fr *frame) eval(e syntax.Node) python.Value {
	// The most frequent kinds come first: one comparison each, where a switch takes several.
	if e, ok := e.(*syntax.Name); ok {
		if fr.rt.trace == nil {
			if v := fr.get(e.Ref); v != nil {
				return v
			}
		}
		return fr.nameExpr(e)
	}
	if e, ok := e.(*syntax.Const); ok {
		return e.Value
	}
	if e, ok := e.(*syntax.Filter); ok {
		return fr.filterExpr(e)
	}
	switch e := e.(type) {
	case *syntax.Attr:
		return fr.attrExpr(e)
	case *syntax.Item:
		return fr.itemExpr(e)
	case *syntax.Slice:
		return fr.sliceExpr(e)
	case *syntax.Call:
		return fr.callWith(e, nil)
	case *syntax.Test:
		return fr.testExpr(e)
	case *syntax.Cond:
		return fr.condExpr(e)
	case *syntax.Logic:
		return fr.logicExpr(e)
	case *syntax.Unary:
		return fr.unaryExpr(e)
	case *syntax.Binary:
		return fr.binExpr(e)
	case *syntax.Compare:
		return fr.compareExpr(e)
	case *syntax.Concat:
		return fr.catExpr(e)
	case *syntax.List:
		return fr.listExpr(e)
	case *syntax.Dict:
		return fr.dictExpr(e)
	}
	panic(fmt.Sprintf("unknown expression %T", e))
}

func (fr *frame) nameExpr(e *syntax.Name) python.Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	if v := fr.get(e.Ref); v != nil {
		return v
	}
	if fr.rt.trace != nil {
		fr.rt.trace.unknown = append(fr.rt.trace.unknown, e)
	}
	return fr.rt.NoValue(&python.Undefined{Name: e.Name, Template: fr.rt.tmpl.name, Line: e.Line})
}

// plain evaluates an expression whose value is looked into.
func (fr *frame) plain(e syntax.Node) python.Value { return plain(fr.eval(e)) }

func evalAll(fr *frame, exprs []syntax.Node) []python.Value {
	if len(exprs) == 0 {
		return nil
	}
	fr.rt.ChargeList(2 * len(exprs)) // with the texts of most
	items := make([]python.Value, len(exprs))
	for i, e := range exprs {
		items[i] = fr.plain(e)
	}
	return items
}

func (fr *frame) listExpr(e *syntax.List) python.Value {
	items := evalAll(fr, e.Items)
	if e.Tuple {
		return &python.Tuple{Items: items}
	}
	return &python.List{Items: items}
}

func (fr *frame) dictExpr(e *syntax.Dict) python.Value {
	fr.rt.ChargeEntries(3)
	d := python.NewDict()
	for i, k := range e.Keys {
		key := fr.plain(k)
		v := fr.plain(e.Values[i])
		fr.rt.line = e.Line
		d.Set(&fr.rt.Runtime, key, v)
	}
	return d
}

func (fr *frame) attrExpr(e *syntax.Attr) python.Value {
	obj := fr.plain(e.Obj)
	fr.rt.line = e.Line
	return fr.rt.GetAttr(obj, e.Name)
}

func (fr *frame) itemExpr(e *syntax.Item) python.Value {
	obj := fr.plain(e.Obj)
	key := fr.plain(e.Key)
	fr.rt.line = e.Line
	if s, ok := python.Text(obj); ok {
		fr.rt.Effort(len(s))
	}
	return fr.rt.GetItem(obj, key)
}

func (fr *frame) sliceExpr(e *syntax.Slice) python.Value {
	if e.Obj == nil {
		python.Raise("TypeError", "slices cannot be combined in one subscript")
	}
	from := fr.eval(e.Obj)
	obj := plain(from)
	part := func(e syntax.Node) python.Value {
		if e == nil {
			return python.None
		}
		return fr.plain(e)
	}
	start, stop, step := part(e.Start), part(e.Stop), part(e.Step)
	fr.rt.line = e.Line
	fr.rt.Look(obj)
	return fr.rt.partOf(from, fr.rt.Slice(obj, start, stop, step))
}

// callWith is a call with more named arguments.
func (fr *frame) callWith(e *syntax.Call, extra []python.Kwarg) python.Value {
	if a, ok := e.Callee.(*syntax.Attr); ok {
		from := fr.eval(a.Obj)
		obj := plain(from)
		fr.rt.line = a.Line
		if m := fr.rt.Method(obj, a.Name); m != nil {
			pos, named := fr.args(&e.Args, obj)
			fr.rt.line = e.Line
			return fr.rt.partOf(from, fr.rt.CallBuiltin(m, pos, append(named, extra...)))
		}
		callee := fr.rt.GetAttr(obj, a.Name)
		return fr.finish(e, callee, extra)
	}
	return fr.finish(e, fr.plain(e.Callee), extra)
}

func (fr *frame) finish(e *syntax.Call, callee python.Value, extra []python.Kwarg) python.Value {
	pos, named := fr.args(&e.Args, nil)
	fr.rt.line = e.Line
	if name, ok := e.Callee.(*syntax.Name); ok {
		refuseHidden(fr.rt, name.Name, callee)
	}
	return fr.rt.Call(callee, pos, append(named, extra...))
}

// args evaluates arguments in order; first, if any, goes before the others.
func (fr *frame) args(a *syntax.Args, first python.Value) ([]python.Value, []python.Kwarg) {
	pos := make([]python.Value, 0, len(a.Pos)+1)
	if first != nil {
		pos = append(pos, first)
	}
	for _, e := range a.Pos {
		pos = append(pos, fr.eval(e))
	}
	var named []python.Kwarg
	for i, e := range a.Named {
		named = append(named, python.Kwarg{Name: a.Names[i], Value: fr.eval(e)})
	}
	if a.Star != nil {
		pos = fr.rt.ConcatItems(pos, fr.rt.ToSlice(fr.plain(a.Star)))
	}
	if a.StarStar != nil {
		d, ok := fr.plain(a.StarStar).(*python.Dict)
		if !ok {
			python.Raise("TypeError", "argument after ** must be a mapping")
		}
		fr.rt.Charge(32 * (len(named) + d.Len()))
		explicit := slices.Clip(named)
		named = append(make([]python.Kwarg, 0, len(named)+d.Len()), named...)
		for key, v := range d.All() {
			name, ok := python.Text(key)
			if !ok {
				python.Raise("TypeError", "keywords must be strings")
			}
			if given, _ := takeArg(explicit, name); given != nil {
				python.Raise("TypeError", "got multiple values for keyword argument '%s'", name)
			}
			named = append(named, python.Kwarg{Name: name, Value: v})
		}
	}
	return pos, named
}

func (fr *frame) filterExpr(e *syntax.Filter) python.Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	v := fr.capture
	if e.Value != nil {
		v = fr.eval(e.Value)
	}
	if e.Fn == nil {
		fr.rt.line = e.Line
		python.Raise(python.RuntimeError, "No filter named %s found.", python.Quote(e.Name))
	}
	pos, named := fr.args(&e.Args, v)
	fr.rt.line = e.Line
	return fr.rt.partOf(v, fr.rt.CallBuiltin(e.Fn, pos, named))
}

func (fr *frame) testExpr(e *syntax.Test) python.Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	v := fr.eval(e.Value)
	if e.Fn == nil {
		fr.rt.line = e.Line
		python.Raise(python.RuntimeError, "No test named %s found.", python.Quote(e.Name))
	}
	pos, named := fr.args(&e.Args, v)
	fr.rt.line = e.Line
	return fr.rt.CallBuiltin(e.Fn, pos, named)
}

func (fr *frame) condExpr(e *syntax.Cond) python.Value {
	test := fr.plain(e.Test)
	fr.rt.line = e.Line
	if fr.rt.IsTrue(test) {
		return fr.eval(e.Then)
	}
	if e.Otherwise != nil {
		return fr.eval(e.Otherwise)
	}
	return fr.rt.NoValue(&python.Undefined{Lenient: true, Hint: fmt.Sprintf("the inline if-expression on line %d in %s evaluated to false and no else section was defined.",
		e.Line, python.Quote(fr.rt.tmpl.name))})
}

func (fr *frame) logicExpr(e *syntax.Logic) python.Value {
	left := fr.eval(e.Left)
	if fr.rt.IsTrue(plain(left)) == e.Or {
		return left
	}
	return fr.eval(e.Right)
}

func (fr *frame) catExpr(e *syntax.Concat) python.Value {
	values := evalAll(fr, e.Parts)
	fr.rt.line = e.Line
	rt := fr.rt
	if rt.Autoescape && !e.IsConst {
		return rt.ConcatMarkup(values)
	}
	rt.ChargeItems(len(values))
	texts := make([]string, len(values))
	total := 0
	for i, v := range values {
		texts[i] = rt.Str(v)
		total += len(texts[i])
	}
	rt.Charge(total)
	return strings.Join(texts, "")
}

func (fr *frame) compareExpr(e *syntax.Compare) python.Value {
	left := fr.plain(e.First)
	var result python.Value
	for i, op := range e.Ops {
		right := fr.plain(e.Rest[i])
		fr.rt.line = e.Line
		fr.rt.LookAtBoth(op, left, right)
		ok := fr.rt.Compare(op, left, right)
		if result = ok; !ok {
			break
		}
		left = right
	}
	return result
}

func (fr *frame) unaryExpr(e *syntax.Unary) python.Value {
	v := fr.plain(e.Value)
	if e.Op == "not" {
		return !fr.rt.IsTrue(v)
	}
	fr.rt.line = e.Line
	return fr.rt.Unary(e.Op, v)
}

func (fr *frame) binExpr(e *syntax.Binary) python.Value {
	left := fr.plain(e.Left)
	right := fr.plain(e.Right)
	fr.rt.line = e.Line
	if e.BaseIsConst && fr.rt.IsNegative(left) {
		// Jinja2 writes the computed base into Python code without
		// parentheses, where the power binds tighter than the sign.
		return fr.rt.Unary("-", fr.rt.Binary("**", fr.rt.Unary("-", left), right))
	}
	v := fr.rt.Binary(e.Op, left, right)
	if e.IsConst {
		// What is computed at compile time is written out as a literal, so
		// [[]] * 2 holds two lists, not one twice.
		return fr.rt.DeepCopy(v)
	}
	return v
}
