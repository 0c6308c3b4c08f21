package jinja

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

func (e *constExpr) eval(*frame) python.Value { return e.value }

func (e *nameExpr) eval(fr *frame) python.Value {
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
func (fr *frame) plain(e expr) python.Value { return plain(e.eval(fr)) }

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

func (e *listExpr) eval(fr *frame) python.Value { return &python.List{Items: evalAll(fr, e.items)} }

func (e *tupleExpr) eval(fr *frame) python.Value { return &python.Tuple{Items: evalAll(fr, e.items)} }

func (e *dictExpr) eval(fr *frame) python.Value {
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

func (e *attrExpr) eval(fr *frame) python.Value {
	obj := fr.plain(e.obj)
	fr.rt.line = e.line
	return fr.rt.GetAttr(obj, e.name)
}

func (e *itemExpr) eval(fr *frame) python.Value {
	obj := fr.plain(e.obj)
	key := fr.plain(e.key)
	fr.rt.line = e.line
	if s, ok := python.Text(obj); ok {
		fr.rt.Effort(len(s))
	}
	return fr.rt.GetItem(obj, key)
}

func (e *sliceExpr) eval(fr *frame) python.Value {
	if e.obj == nil {
		python.Raise("TypeError", "slices cannot be combined in one subscript")
	}
	from := e.obj.eval(fr)
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

func (e *callExpr) eval(fr *frame) python.Value { return e.evalWith(fr, nil) }

// evalWith is eval with more named arguments.
func (e *callExpr) evalWith(fr *frame, extra []python.Kwarg) python.Value {
	if a, ok := e.callee.(*attrExpr); ok {
		from := a.obj.eval(fr)
		obj := plain(from)
		fr.rt.line = a.line
		if m := fr.rt.Method(obj, a.name); m != nil {
			pos, named := e.args.eval(fr, obj)
			fr.rt.line = e.line
			return fr.rt.partOf(from, fr.rt.CallBuiltin(m, pos, append(named, extra...)))
		}
		callee := fr.rt.GetAttr(obj, a.name)
		return e.finish(fr, callee, extra)
	}
	return e.finish(fr, fr.plain(e.callee), extra)
}

func (e *callExpr) finish(fr *frame, callee python.Value, extra []python.Kwarg) python.Value {
	pos, named := e.args.eval(fr, nil)
	fr.rt.line = e.line
	if name, ok := e.callee.(*nameExpr); ok {
		refuseHidden(fr.rt, name.name, callee)
	}
	return fr.rt.Call(callee, pos, append(named, extra...))
}

// eval evaluates arguments in order; first, if any, goes before the others.
func (a *argList) eval(fr *frame, first python.Value) ([]python.Value, []python.Kwarg) {
	pos := make([]python.Value, 0, len(a.pos)+1)
	if first != nil {
		pos = append(pos, first)
	}
	for _, e := range a.pos {
		pos = append(pos, e.eval(fr))
	}
	var named []python.Kwarg
	for i, e := range a.named {
		named = append(named, python.Kwarg{Name: a.names[i], Value: e.eval(fr)})
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

func (e *filterExpr) eval(fr *frame) python.Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	v := fr.capture
	if e.value != nil {
		v = e.value.eval(fr)
	}
	if e.fn == nil {
		fr.rt.line = e.line
		python.Raise(python.RuntimeError, "No filter named %s found.", python.Quote(e.name))
	}
	pos, named := e.args.eval(fr, v)
	fr.rt.line = e.line
	return fr.rt.partOf(v, fr.rt.CallBuiltin(e.fn, pos, named))
}

func (e *testExpr) eval(fr *frame) python.Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	v := e.value.eval(fr)
	if e.fn == nil {
		fr.rt.line = e.line
		python.Raise(python.RuntimeError, "No test named %s found.", python.Quote(e.name))
	}
	pos, named := e.args.eval(fr, v)
	fr.rt.line = e.line
	return fr.rt.CallBuiltin(e.fn, pos, named)
}

func (e *condExpr) eval(fr *frame) python.Value {
	test := fr.plain(e.test)
	fr.rt.line = e.line
	if fr.rt.IsTrue(test) {
		return e.then.eval(fr)
	}
	if e.otherwise != nil {
		return e.otherwise.eval(fr)
	}
	return fr.rt.NoValue(&python.Undefined{Lenient: true, Hint: fmt.Sprintf("the inline if-expression on line %d in %s evaluated to false and no else section was defined.",
		e.line, python.Quote(fr.rt.tmpl.name))})
}

func (e *notExpr) eval(fr *frame) python.Value { return !fr.rt.IsTrue(fr.plain(e.value)) }

func (e *andExpr) eval(fr *frame) python.Value {
	left := e.left.eval(fr)
	if !fr.rt.IsTrue(plain(left)) {
		return left
	}
	return e.right.eval(fr)
}

func (e *orExpr) eval(fr *frame) python.Value {
	left := e.left.eval(fr)
	if fr.rt.IsTrue(plain(left)) {
		return left
	}
	return e.right.eval(fr)
}

func (e *catExpr) eval(fr *frame) python.Value {
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

func (e *compareExpr) eval(fr *frame) python.Value {
	left := fr.plain(e.first)
	var result python.Value
	for _, op := range e.ops {
		right := fr.plain(op.value)
		fr.rt.line = e.line
		fr.rt.LookAtBoth(op.op, left, right)
		ok := fr.rt.Compare(op.op, left, right)
		if result = ok; !ok {
			break
		}
		left = right
	}
	return result
}

func (e *unaryExpr) eval(fr *frame) python.Value {
	v := fr.plain(e.value)
	fr.rt.line = e.line
	return fr.rt.Unary(e.op, v)
}

func (e *binExpr) eval(fr *frame) python.Value {
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
