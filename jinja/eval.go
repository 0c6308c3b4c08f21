package jinja

import (
	"slices"
	"strings"
)

func (e *constExpr) eval(*frame) Value { return e.value }

func (e *nameExpr) eval(fr *frame) Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	if v := fr.get(e.ref); v != nil {
		return v
	}
	fr.rt.charge(undefinedSize)
	if fr.rt.trace != nil {
		fr.rt.trace.unknown = append(fr.rt.trace.unknown, e)
	}
	return &Undefined{name: e.name, tmpl: fr.rt.tmpl, line: e.line}
}

func evalAll(fr *frame, exprs []expr) []Value {
	if len(exprs) == 0 {
		return nil
	}
	fr.rt.charge(listSize + textSize*len(exprs))
	items := make([]Value, len(exprs))
	for i, e := range exprs {
		items[i] = e.eval(fr)
	}
	return items
}

func (e *listExpr) eval(fr *frame) Value { return &List{Items: evalAll(fr, e.items)} }

func (e *tupleExpr) eval(fr *frame) Value { return &Tuple{Items: evalAll(fr, e.items)} }

func (e *dictExpr) eval(fr *frame) Value {
	fr.rt.charge(3 * entrySize)
	d := NewDict()
	for i, k := range e.keys {
		key := k.eval(fr)
		v := e.values[i].eval(fr)
		fr.rt.line = e.line
		d.set(fr.rt, key, v)
	}
	return d
}

func (e *attrExpr) eval(fr *frame) Value {
	obj := e.obj.eval(fr)
	fr.rt.line = e.line
	return fr.rt.getAttr(obj, e.name)
}

func (e *itemExpr) eval(fr *frame) Value {
	obj := e.obj.eval(fr)
	key := e.key.eval(fr)
	fr.rt.line = e.line
	if s, ok := asString(obj); ok {
		fr.rt.effort(len(s))
	}
	return fr.rt.getItem(obj, key)
}

func (e *sliceExpr) eval(fr *frame) Value {
	if e.obj == nil {
		raise("TypeError", "slices cannot be combined in one subscript")
	}
	obj := e.obj.eval(fr)
	part := func(e expr) Value {
		if e == nil {
			return None
		}
		return e.eval(fr)
	}
	start, stop, step := part(e.start), part(e.stop), part(e.step)
	fr.rt.line = e.line
	fr.rt.effort(size(obj))
	return fr.rt.slice(obj, start, stop, step)
}

func (e *callExpr) eval(fr *frame) Value { return e.evalWith(fr, nil) }

// evalWith is eval with more named arguments.
func (e *callExpr) evalWith(fr *frame, extra []kwarg) Value {
	if a, ok := e.callee.(*attrExpr); ok {
		obj := a.obj.eval(fr)
		fr.rt.line = a.line
		if m := fr.rt.method(obj, a.name); m != nil {
			pos, named := e.args.eval(fr, obj)
			fr.rt.line = e.line
			return fr.rt.callBuiltin(m, pos, append(named, extra...))
		}
		callee := fr.rt.getAttr(obj, a.name)
		return e.finish(fr, callee, extra)
	}
	return e.finish(fr, e.callee.eval(fr), extra)
}

func (e *callExpr) finish(fr *frame, callee Value, extra []kwarg) Value {
	pos, named := e.args.eval(fr, nil)
	fr.rt.line = e.line
	if name, ok := e.callee.(*nameExpr); ok {
		refuseHidden(fr.rt, name.name, callee)
	}
	return fr.rt.call(callee, pos, append(named, extra...))
}

// eval evaluates arguments in order; first, if any, goes before the others.
func (a *argList) eval(fr *frame, first Value) ([]Value, []kwarg) {
	pos := make([]Value, 0, len(a.pos)+1)
	if first != nil {
		pos = append(pos, first)
	}
	for _, e := range a.pos {
		pos = append(pos, e.eval(fr))
	}
	var named []kwarg
	for i, e := range a.named {
		named = append(named, kwarg{a.names[i], e.eval(fr)})
	}
	if a.star != nil {
		pos = fr.rt.concatItems(pos, fr.rt.toSlice(a.star.eval(fr)))
	}
	if a.starStar != nil {
		d, ok := a.starStar.eval(fr).(*Dict)
		if !ok {
			raise("TypeError", "argument after ** must be a mapping")
		}
		fr.rt.charge(32 * (len(named) + d.live))
		explicit := slices.Clip(named)
		named = append(make([]kwarg, 0, len(named)+d.live), named...)
		for _, entry := range d.entries {
			if entry.key == nil {
				continue
			}
			name, ok := asString(entry.key)
			if !ok {
				raise("TypeError", "keywords must be strings")
			}
			if v, _ := takeArg(explicit, name); v != nil {
				raise("TypeError", "got multiple values for keyword argument '%s'", name)
			}
			named = append(named, kwarg{name, entry.value})
		}
	}
	return pos, named
}

func (e *filterExpr) eval(fr *frame) Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	v := fr.capture
	if e.value != nil {
		v = e.value.eval(fr)
	}
	if e.fn == nil {
		fr.rt.line = e.line
		raise(RuntimeError, "No filter named %s found.", quote(e.name))
	}
	pos, named := e.args.eval(fr, v)
	fr.rt.line = e.line
	return fr.rt.callBuiltin(e.fn, pos, named)
}

func (e *testExpr) eval(fr *frame) Value {
	if fr.rt.trace != nil {
		fr.rt.trace.reached[e] = true
	}
	v := e.value.eval(fr)
	if e.fn == nil {
		fr.rt.line = e.line
		raise(RuntimeError, "No test named %s found.", quote(e.name))
	}
	pos, named := e.args.eval(fr, v)
	fr.rt.line = e.line
	return fr.rt.callBuiltin(e.fn, pos, named)
}

func (e *condExpr) eval(fr *frame) Value {
	test := e.test.eval(fr)
	fr.rt.line = e.line
	if fr.rt.isTrue(test) {
		return e.then.eval(fr)
	}
	if e.otherwise != nil {
		return e.otherwise.eval(fr)
	}
	fr.rt.charge(4 * undefinedSize)
	return &Undefined{lenient: true, hint: sprintf("the inline if-expression on line %d in %s evaluated to false and no else section was defined.",
		e.line, quote(fr.rt.tmpl.name))}
}

func (e *notExpr) eval(fr *frame) Value { return !fr.rt.isTrue(e.value.eval(fr)) }

func (e *andExpr) eval(fr *frame) Value {
	left := e.left.eval(fr)
	if !fr.rt.isTrue(left) {
		return left
	}
	return e.right.eval(fr)
}

func (e *orExpr) eval(fr *frame) Value {
	left := e.left.eval(fr)
	if fr.rt.isTrue(left) {
		return left
	}
	return e.right.eval(fr)
}

func (e *catExpr) eval(fr *frame) Value {
	values := evalAll(fr, e.parts)
	fr.rt.line = e.line
	rt := fr.rt
	if rt.autoescape && !e.isConst {
		return rt.concatMarkup(values)
	}
	rt.charge(itemSize * len(values))
	texts := make([]string, len(values))
	total := 0
	for i, v := range values {
		texts[i] = rt.str(v)
		total += len(texts[i])
	}
	rt.charge(total)
	return strings.Join(texts, "")
}

// concatMarkup joins with "~" where autoescape is on: from the first Markup on
// the whole is Markup.
func (rt *state) concatMarkup(values []Value) Value {
	isMarkup := false
	for _, v := range values {
		if _, ok := v.(Markup); ok {
			isMarkup = true
		}
	}
	b := &textWriter{rt: rt}
	for _, v := range values {
		if isMarkup {
			b.write(rt.escape(v))
		} else {
			b.write(rt.str(v))
		}
	}
	if isMarkup {
		return Markup(b.text())
	}
	return b.text()
}

func (e *compareExpr) eval(fr *frame) Value {
	left := e.first.eval(fr)
	var result Value
	for _, op := range e.ops {
		right := op.value.eval(fr)
		fr.rt.line = e.line
		fr.rt.effort(min(size(left), size(right)) + 1)
		if op.op >= cmpIn {
			fr.rt.effort(size(right))
		}
		ok := fr.rt.compare(op.op, left, right)
		if result = ok; !ok {
			break
		}
		left = right
	}
	return result
}

func (e *unaryExpr) eval(fr *frame) Value {
	v := e.value.eval(fr)
	fr.rt.line = e.line
	return fr.rt.unary(e.op, v)
}

func (e *binExpr) eval(fr *frame) Value {
	left := e.left.eval(fr)
	right := e.right.eval(fr)
	fr.rt.line = e.line
	if e.baseIsConst && fr.rt.isNegative(left) {
		// Jinja2 writes the computed base into Python code without
		// parentheses, where the power binds tighter than the sign.
		return fr.rt.unary(tSub, fr.rt.binary(tPow, fr.rt.unary(tSub, left), right))
	}
	v := fr.rt.binary(e.op, left, right)
	if e.isConst {
		// What is computed at compile time is written out as a literal, so
		// [[]] * 2 holds two lists, not one twice.
		return fr.rt.deepCopy(v)
	}
	return v
}
