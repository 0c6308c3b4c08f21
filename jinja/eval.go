package jinja

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// eval gives the value of an expression, and raises what goes wrong.
func (fr *frame) eval(e expr) python.Value {
	switch e := e.(type) {
	case *constExpr:
		return e.value
	case *nameExpr:
		return fr.nameExpr(e)
	case *attrExpr:
		return fr.attrExpr(e)
	case *itemExpr:
		return fr.itemExpr(e)
	case *sliceExpr:
		return fr.sliceExpr(e)
	case *callExpr:
		return fr.callWith(e, nil)
	case *filterExpr:
		return fr.filterExpr(e)
	case *testExpr:
		return fr.testExpr(e)
	case *condExpr:
		return fr.condExpr(e)
	case *logicExpr:
		return fr.logicExpr(e)
	case *unaryExpr:
		return fr.unaryExpr(e)
	case *binExpr:
		return fr.binExpr(e)
	case *compareExpr:
		return fr.compareExpr(e)
	case *catExpr:
		return fr.catExpr(e)
	case *listExpr:
		return fr.listExpr(e)
	case *dictExpr:
		return fr.dictExpr(e)
	}
	panic(fmt.Sprintf("unknown expression %T", e))
}

func (fr *frame) nameExpr(e *nameExpr) python.Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	if v := fr.get(e.ref); v != nil {
		return v
	}
	if fr.rt.trace != nil {
		fr.rt.trace.unknown = append(fr.rt.trace.unknown, e)
	}
	return fr.rt.NoValue(&python.Undefined{Name: e.name, Template: fr.rt.tmpl.name, Line: e.line})
}

// plain evaluates an expression whose value is looked into.
func (fr *frame) plain(e expr) python.Value { return plain(fr.eval(e)) }

func evalAll(fr *frame, exprs []expr) []python.Value {
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

func (fr *frame) listExpr(e *listExpr) python.Value {
	items := evalAll(fr, e.items)
	if e.tuple {
		return &python.Tuple{Items: items}
	}
	return &python.List{Items: items}
}

func (fr *frame) dictExpr(e *dictExpr) python.Value {
	fr.rt.ChargeEntries(3)
	d := python.NewDict()
	for i, k := range e.keys {
		key := fr.plain(k)
		v := fr.plain(e.values[i])
		fr.rt.line = e.line
		d.Set(&fr.rt.Runtime, key, v)
	}
	return d
}

func (fr *frame) attrExpr(e *attrExpr) python.Value {
	obj := fr.plain(e.obj)
	fr.rt.line = e.line
	return fr.rt.GetAttr(obj, e.name)
}

func (fr *frame) itemExpr(e *itemExpr) python.Value {
	obj := fr.plain(e.obj)
	key := fr.plain(e.key)
	fr.rt.line = e.line
	if s, ok := python.Text(obj); ok {
		fr.rt.Effort(len(s))
	}
	return fr.rt.GetItem(obj, key)
}

func (fr *frame) sliceExpr(e *sliceExpr) python.Value {
	if e.obj == nil {
		python.Raise("TypeError", "slices cannot be combined in one subscript")
	}
	from := fr.eval(e.obj)
	obj := plain(from)
	part := func(e expr) python.Value {
		if e == nil {
			return python.None
		}
		return fr.plain(e)
	}
	start, stop, step := part(e.start), part(e.stop), part(e.step)
	fr.rt.line = e.line
	fr.rt.Look(obj)
	return fr.rt.partOf(from, fr.rt.Slice(obj, start, stop, step))
}

// callWith is a call with more named arguments.
func (fr *frame) callWith(e *callExpr, extra []python.Kwarg) python.Value {
	if a, ok := e.callee.(*attrExpr); ok {
		from := fr.eval(a.obj)
		obj := plain(from)
		fr.rt.line = a.line
		if m := fr.rt.Method(obj, a.name); m != nil {
			pos, named := fr.args(&e.args, obj)
			fr.rt.line = e.line
			return fr.rt.partOf(from, fr.rt.CallBuiltin(m, pos, append(named, extra...)))
		}
		callee := fr.rt.GetAttr(obj, a.name)
		return fr.finish(e, callee, extra)
	}
	return fr.finish(e, fr.plain(e.callee), extra)
}

func (fr *frame) finish(e *callExpr, callee python.Value, extra []python.Kwarg) python.Value {
	pos, named := fr.args(&e.args, nil)
	fr.rt.line = e.line
	if name, ok := e.callee.(*nameExpr); ok {
		refuseHidden(fr.rt, name.name, callee)
	}
	return fr.rt.Call(callee, pos, append(named, extra...))
}

// args evaluates arguments in order; first, if any, goes before the others.
func (fr *frame) args(a *argList, first python.Value) ([]python.Value, []python.Kwarg) {
	pos := make([]python.Value, 0, len(a.pos)+1)
	if first != nil {
		pos = append(pos, first)
	}
	for _, e := range a.pos {
		pos = append(pos, fr.eval(e))
	}
	var named []python.Kwarg
	for i, e := range a.named {
		named = append(named, python.Kwarg{Name: a.names[i], Value: fr.eval(e)})
	}
	if a.star != nil {
		pos = fr.rt.ConcatItems(pos, fr.rt.ToSlice(fr.plain(a.star)))
	}
	if a.starStar != nil {
		d, ok := fr.plain(a.starStar).(*python.Dict)
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

func (fr *frame) filterExpr(e *filterExpr) python.Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	v := fr.capture
	if e.value != nil {
		v = fr.eval(e.value)
	}
	if e.fn == nil {
		fr.rt.line = e.line
		python.Raise(python.RuntimeError, "No filter named %s found.", python.Quote(e.name))
	}
	pos, named := fr.args(&e.args, v)
	fr.rt.line = e.line
	return fr.rt.partOf(v, fr.rt.CallBuiltin(e.fn, pos, named))
}

func (fr *frame) testExpr(e *testExpr) python.Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	v := fr.eval(e.value)
	if e.fn == nil {
		fr.rt.line = e.line
		python.Raise(python.RuntimeError, "No test named %s found.", python.Quote(e.name))
	}
	pos, named := fr.args(&e.args, v)
	fr.rt.line = e.line
	return fr.rt.CallBuiltin(e.fn, pos, named)
}

func (fr *frame) condExpr(e *condExpr) python.Value {
	test := fr.plain(e.test)
	fr.rt.line = e.line
	if fr.rt.IsTrue(test) {
		return fr.eval(e.then)
	}
	if e.otherwise != nil {
		return fr.eval(e.otherwise)
	}
	return fr.rt.NoValue(&python.Undefined{Lenient: true, Hint: fmt.Sprintf("the inline if-expression on line %d in %s evaluated to false and no else section was defined.",
		e.line, python.Quote(fr.rt.tmpl.name))})
}

func (fr *frame) logicExpr(e *logicExpr) python.Value {
	left := fr.eval(e.left)
	if fr.rt.IsTrue(plain(left)) == e.or {
		return left
	}
	return fr.eval(e.right)
}

func (fr *frame) catExpr(e *catExpr) python.Value {
	values := evalAll(fr, e.parts)
	fr.rt.line = e.line
	rt := fr.rt
	if rt.Autoescape && !e.isConst {
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

func (fr *frame) compareExpr(e *compareExpr) python.Value {
	left := fr.plain(e.first)
	var result python.Value
	for i, op := range e.ops {
		right := fr.plain(e.rest[i])
		fr.rt.line = e.line
		fr.rt.LookAtBoth(op, left, right)
		ok := fr.rt.Compare(op, left, right)
		if result = ok; !ok {
			break
		}
		left = right
	}
	return result
}

func (fr *frame) unaryExpr(e *unaryExpr) python.Value {
	v := fr.plain(e.value)
	if e.op == "not" {
		return !fr.rt.IsTrue(v)
	}
	fr.rt.line = e.line
	return fr.rt.Unary(e.op, v)
}

func (fr *frame) binExpr(e *binExpr) python.Value {
	left := fr.plain(e.left)
	right := fr.plain(e.right)
	fr.rt.line = e.line
	if e.baseIsConst && fr.rt.IsNegative(left) {
		// Jinja2 writes the computed base into Python code without
		// parentheses, where the power binds tighter than the sign.
		return fr.rt.Unary("-", fr.rt.Binary("**", fr.rt.Unary("-", left), right))
	}
	v := fr.rt.Binary(e.op, left, right)
	if e.isConst {
		// What is computed at compile time is written out as a literal, so
		// [[]] * 2 holds two lists, not one twice.
		return fr.rt.DeepCopy(v)
	}
	return v
}
