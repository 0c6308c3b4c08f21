package jinja

import (
	"math/big"
)

// Value is a value of the template language. It holds one of: None, bool,
// int64, *big.Int (only beyond int64), float64, string, Markup, *List, *Tuple,
// *Dict, *Undefined, or a type of this package that only templates make. A nil
// Value means that there is none.
type Value any

type noneType struct{}

// None is Python's None.
var None = noneType{}

// Markup is text that is safe in HTML; it stays as it is where others are escaped.
type Markup string

// List is Python's list.
type List struct{ Items []Value }

// Tuple is Python's tuple; with names a named tuple.
type Tuple struct {
	Items []Value
	names []string
}

// Undefined is what a missing variable or attribute yields. All but a few uses
// of it are errors.
type Undefined struct {
	hint    string
	obj     Value // the object that lacks name; nil: name is a variable
	name    Value
	lenient bool // prints as nothing: an inline if without else

	tmpl *Template // where a variable was read
	line int
}

type (
	// rangeValue is Python's range.
	rangeValue struct{ start, stop, step int64 }

	// dictView is what keys, values and items of a dict return.
	dictView struct {
		dict *Dict
		kind string // "dict_keys", "dict_values", "dict_items"
	}

	// generator is an iterator that can be used once, as most filters return.
	generator struct {
		next func() (Value, bool)
		typ  string
	}

	// boundMethod is a method of a built-in type with its object.
	boundMethod struct {
		self Value
		fn   *builtin
	}

	// function is a global function or class.
	function struct {
		fn      *builtin
		isClass bool
	}

	namespace struct{ attrs *Dict }
	cycler    struct {
		items []Value
		pos   int
	}
	joiner struct {
		sep  Value
		used bool
	}
)

// kwarg is one named argument of a call.
type kwarg struct {
	name  string
	value Value
}

func newList(items []Value) *List { return &List{Items: items} }

func newTuple(items ...Value) *Tuple { return &Tuple{Items: items} }

// normInt gives an int64 where n fits one.
func normInt(n *big.Int) Value {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// asString returns the text of a string or Markup.
func asString(v Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Markup:
		return string(v), true
	}
	return "", false
}

// typeName is the name of a value's Python type.
func typeName(v Value) string {
	switch v := v.(type) {
	case noneType:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case Markup:
		return "Markup"
	case *List:
		return "list"
	case *Tuple:
		if v.names != nil {
			return "_GroupTuple"
		}
		return "tuple"
	case *Dict:
		return "dict"
	case *rangeValue:
		return "range"
	case *dictView:
		return v.kind
	case *generator:
		return v.typ
	case *Undefined:
		if v.lenient {
			return "Undefined"
		}
		return "StrictUndefined"
	case *boundMethod:
		return "builtin_function_or_method"
	case *function:
		if v.isClass {
			return "type"
		}
		return "function"
	}
	return objectTypeName(v)
}

func objectTypeName(v Value) string {
	switch v := v.(type) {
	case *dateValue:
		return v.typeName()
	case deltaValue:
		return "datetime.timedelta"
	case zoneValue:
		return "datetime.timezone"
	case bytesValue:
		return "bytes"
	case *namespace:
		return "Namespace"
	case *cycler:
		return "Cycler"
	case *joiner:
		return "Joiner"
	case *loopContext:
		return "LoopContext"
	case *macroValue:
		return "Macro"
	case *module:
		return "TemplateModule"
	case *blockRef:
		return "BlockReference"
	case *selfRef:
		return "TemplateReference"
	}
	return "object"
}

// objectName is how an error names the object that lacks an attribute.
func objectName(v Value) string {
	switch v.(type) {
	case noneType:
		return "None"
	case Markup:
		return "markupsafe.Markup object"
	case *namespace, *cycler, *joiner:
		return "jinja2.utils." + typeName(v) + " object"
	case *loopContext, *macroValue, *blockRef, *selfRef:
		return "jinja2.runtime." + typeName(v) + " object"
	case *module:
		return "jinja2.environment.TemplateModule object"
	}
	return typeName(v) + " object"
}

// message is the text of the error that using u raises.
func (u *Undefined) message() string {
	switch {
	case u.hint != "":
		return u.hint
	case u.obj == nil:
		return quote(u.nameText()) + " is undefined"
	}
	if name, ok := asString(u.name); ok {
		return quote(objectName(u.obj)) + " has no attribute " + quote(name)
	}
	return objectName(u.obj) + " has no element " + u.nameText()
}

func (u *Undefined) nameText() string {
	switch name := u.name.(type) {
	case string:
		return name
	case Markup:
		return string(name)
	case int64, *big.Int, float64, bool, noneType:
		return scalarText(name)
	}
	return "<" + typeName(u.name) + ">"
}

// isTrue is Python's bool(v).
func (rt *state) isTrue(v Value) bool {
	switch v := v.(type) {
	case bool:
		return v
	case noneType:
		return false
	case int64:
		return v != 0
	case *big.Int:
		return v.Sign() != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case Markup:
		return v != ""
	case *List:
		return len(v.Items) > 0
	case *Tuple:
		return len(v.Items) > 0
	case *Dict:
		return v.Len() > 0
	case *dictView:
		return v.dict.Len() > 0
	case *rangeValue:
		return v.length() > 0
	case *loopContext:
		return v.length(rt) > 0
	case bytesValue:
		return v != ""
	case deltaValue:
		return v.micros != 0
	case *Undefined:
		if rt.isLenient(v) {
			return false
		}
		rt.useUndefined(v)
	}
	return true
}

func (rt *state) isLenient(u *Undefined) bool { return u.lenient || rt.env.opts.LenientUndefined }

// length is Python's len(v); ok is false where it raises TypeError.
func (rt *state) length(v Value) (n int, ok bool) {
	switch v := v.(type) {
	case string:
		return runeCount(v), true
	case Markup:
		return runeCount(string(v)), true
	case *List:
		return len(v.Items), true
	case *Tuple:
		return len(v.Items), true
	case *Dict:
		return v.Len(), true
	case *dictView:
		return v.dict.Len(), true
	case *rangeValue:
		return int(v.length()), true
	case bytesValue:
		return len(v), true
	case *loopContext:
		return v.length(rt), true
	case *Undefined:
		if rt.isLenient(v) {
			return 0, true
		}
		rt.useUndefined(v)
	}
	return 0, false
}

func (r *rangeValue) length() int64 {
	switch {
	case r.step > 0 && r.start < r.stop:
		return int64((uint64(r.stop)-uint64(r.start)-1)/uint64(r.step)) + 1
	case r.step < 0 && r.start > r.stop:
		return int64((uint64(r.start)-uint64(r.stop)-1)/uint64(-r.step)) + 1
	}
	return 0
}

func (r *rangeValue) at(i int64) int64 { return r.start + i*r.step }
