package jinja

import (
	"math/big"

	"github.com/slipway-build/slipway/jinja/python"
)

// builtinTests are the tests of Jinja2 3.1.
var builtinTests map[string]*python.Builtin

func init() {
	builtinTests = map[string]*python.Builtin{}
	valueTests()
	numberTests()
	compareTests()
}

func addTest(name, signature string, fn func(rt *python.Runtime, a []python.Value) bool) {
	builtinTests[name] = python.Define(name, signature, func(rt *python.Runtime, a []python.Value) python.Value { return fn(rt, a) })
}

func valueTests() {
	is := func(name string, test func(v python.Value) bool) {
		addTest(name, "value", func(_ *python.Runtime, a []python.Value) bool { return test(a[0]) })
	}
	is("defined", func(v python.Value) bool { _, ok := v.(*python.Undefined); return !ok })
	is("undefined", func(v python.Value) bool { _, ok := v.(*python.Undefined); return ok })
	is("none", func(v python.Value) bool { return v == python.None })
	is("boolean", func(v python.Value) bool { _, ok := v.(bool); return ok })
	is("true", func(v python.Value) bool { return v == true })
	is("false", func(v python.Value) bool { return v == false })
	is("string", func(v python.Value) bool { _, ok := python.Text(v); return ok })
	is("mapping", func(v python.Value) bool { _, ok := v.(*python.Dict); return ok })
	is("escaped", func(v python.Value) bool { _, ok := v.(python.Markup); return ok })
	addTest("callable", "value", func(rt *python.Runtime, a []python.Value) bool { return rt.IsCallable(a[0]) })
	addTest("sequence", "value", func(rt *python.Runtime, a []python.Value) bool { return rt.IsSequence(a[0]) })
	addTest("iterable", "value", func(rt *python.Runtime, a []python.Value) bool { return rt.Iterator(a[0]) != nil })
	addTest("filter", "value", func(rt *python.Runtime, a []python.Value) bool {
		name, _ := python.Text(a[0])
		rt.Hash(a[0]) // refuses what cannot be a key
		return stateOf(rt).env.filters[name] != nil
	})
	addTest("test", "value", func(rt *python.Runtime, a []python.Value) bool {
		name, _ := python.Text(a[0])
		rt.Hash(a[0]) // refuses what cannot be a key
		return stateOf(rt).env.tests[name] != nil
	})
	addTest("lower", "value", func(rt *python.Runtime, a []python.Value) bool { return rt.StrMethod("islower", a[0]) == true })
	addTest("upper", "value", func(rt *python.Runtime, a []python.Value) bool { return rt.StrMethod("isupper", a[0]) == true })
	addTest("sameas", "value, other", func(rt *python.Runtime, a []python.Value) bool { return rt.Same(a[0], a[1]) })
	addTest("in", "value, seq", func(rt *python.Runtime, a []python.Value) bool { return rt.Contains(a[1], a[0]) })
}

func numberTests() {
	isInt := func(v python.Value) bool {
		switch v.(type) {
		case int64, *big.Int:
			return true
		}
		return false
	}
	addTest("integer", "value", func(_ *python.Runtime, a []python.Value) bool { return isInt(a[0]) })
	addTest("float", "value", func(_ *python.Runtime, a []python.Value) bool { _, ok := a[0].(float64); return ok })
	addTest("number", "value", func(_ *python.Runtime, a []python.Value) bool {
		switch a[0].(type) {
		case bool, float64:
			return true
		}
		return isInt(a[0])
	})
	modulo := func(rt *python.Runtime, v, by python.Value, want int64) bool {
		return rt.Equal(rt.Binary("%", v, by), want)
	}
	addTest("odd", "value", func(rt *python.Runtime, a []python.Value) bool { return modulo(rt, a[0], int64(2), 1) })
	addTest("even", "value", func(rt *python.Runtime, a []python.Value) bool { return modulo(rt, a[0], int64(2), 0) })
	addTest("divisibleby", "value, num", func(rt *python.Runtime, a []python.Value) bool { return modulo(rt, a[0], a[1], 0) })
}

func compareTests() {
	for names, op := range map[[3]string]string{
		{"==", "eq", "equalto"}:    "==",
		{"!=", "ne", "ne"}:         "!=",
		{">", "gt", "greaterthan"}: ">",
		{">=", "ge", "ge"}:         ">=",
		{"<", "lt", "lessthan"}:    "<",
		{"<=", "le", "le"}:         "<=",
	} {
		for _, name := range names {
			addTest(name, "a, b, /", func(rt *python.Runtime, a []python.Value) bool { return rt.Compare(op, a[0], a[1]) })
		}
	}
}
