package jinja

import "math/big"

// builtinTests are the tests of Jinja2 3.1.
var builtinTests map[string]*builtin

func init() {
	builtinTests = map[string]*builtin{}
	valueTests()
	numberTests()
	compareTests()
}

func addTest(name, signature string, fn func(rt *state, a []Value) bool) {
	builtinTests[name] = define(name, signature, func(rt *state, a []Value) Value { return fn(rt, a) })
}

func valueTests() {
	is := func(name string, test func(v Value) bool) {
		addTest(name, "value", func(_ *state, a []Value) bool { return test(a[0]) })
	}
	is("defined", func(v Value) bool { _, ok := v.(*Undefined); return !ok })
	is("undefined", func(v Value) bool { _, ok := v.(*Undefined); return ok })
	is("none", func(v Value) bool { return v == None })
	is("boolean", func(v Value) bool { _, ok := v.(bool); return ok })
	is("true", func(v Value) bool { return v == true })
	is("false", func(v Value) bool { return v == false })
	is("string", func(v Value) bool { _, ok := asString(v); return ok })
	is("mapping", func(v Value) bool { _, ok := v.(*Dict); return ok })
	is("escaped", func(v Value) bool { _, ok := v.(Markup); return ok })
	is("callable", isCallable)
	addTest("sequence", "value", func(rt *state, a []Value) bool {
		switch v := a[0].(type) {
		case string, bytesValue, Markup, *List, *Tuple, *Dict, *rangeValue:
			return true
		case *Undefined:
			return rt.isLenient(v)
		}
		return false
	})
	addTest("iterable", "value", func(rt *state, a []Value) bool { return rt.iterator(a[0]) != nil })
	addTest("filter", "value", func(rt *state, a []Value) bool {
		name, _ := asString(a[0])
		rt.hash(a[0]) // refuses what cannot be a key
		return rt.env.filters[name] != nil
	})
	addTest("test", "value", func(rt *state, a []Value) bool {
		name, _ := asString(a[0])
		rt.hash(a[0]) // refuses what cannot be a key
		return rt.env.tests[name] != nil
	})
	addTest("lower", "value", func(rt *state, a []Value) bool { return isLowerText(rt.str(a[0])) })
	addTest("upper", "value", func(rt *state, a []Value) bool { return isUpperText(rt.str(a[0])) })
	addTest("sameas", "value, other", func(rt *state, a []Value) bool { return rt.same(a[0], a[1]) })
	addTest("in", "value, seq", func(rt *state, a []Value) bool { return rt.contains(a[1], a[0]) })
}

func numberTests() {
	isInt := func(v Value) bool {
		switch v.(type) {
		case int64, *big.Int:
			return true
		}
		return false
	}
	addTest("integer", "value", func(_ *state, a []Value) bool { return isInt(a[0]) })
	addTest("float", "value", func(_ *state, a []Value) bool { _, ok := a[0].(float64); return ok })
	addTest("number", "value", func(_ *state, a []Value) bool { _, ok := asNumber(a[0]); return ok })
	modulo := func(rt *state, v, by Value, want int64) bool {
		return rt.equal(rt.binary(tMod, v, by), want)
	}
	addTest("odd", "value", func(rt *state, a []Value) bool { return modulo(rt, a[0], int64(2), 1) })
	addTest("even", "value", func(rt *state, a []Value) bool { return modulo(rt, a[0], int64(2), 0) })
	addTest("divisibleby", "value, num", func(rt *state, a []Value) bool { return modulo(rt, a[0], a[1], 0) })
}

func compareTests() {
	for names, op := range map[[3]string]compareOp{
		{"==", "eq", "equalto"}:    cmpEq,
		{"!=", "ne", "ne"}:         cmpNe,
		{">", "gt", "greaterthan"}: cmpGt,
		{">=", "ge", "ge"}:         cmpGe,
		{"<", "lt", "lessthan"}:    cmpLt,
		{"<=", "le", "le"}:         cmpLe,
	} {
		for _, name := range names {
			addTest(name, "a, b, /", func(rt *state, a []Value) bool { return rt.compare(op, a[0], a[1]) })
		}
	}
}

func isCallable(v Value) bool {
	switch v.(type) {
	case *macroValue, *boundMethod, *function, *loopContext, *blockRef, *joiner, *Undefined:
		return true
	}
	return false
}
