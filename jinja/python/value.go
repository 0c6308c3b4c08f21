package python

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
	Names []string
}

// Undefined is what a missing variable or attribute yields. All but a few uses
// of it are errors.
type Undefined struct {
	Hint    string
	Object  Value // the object that lacks name; nil: name is a variable
	Name    Value
	Lenient bool // prints as nothing: an inline if without else

	Template string // where a variable was read
	Line     int
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
		fn   *Builtin
	}

	Namespace struct{ Attrs *Dict }
)

// Object is a value that only the program that runs knows, such as a loop or a
// macro. One with a method Call can be called.
type Object interface {
	// TypeName is the name of its class, and the module that has it.
	TypeName() (module, name string)
	// Text is str(v), or with repr repr(v).
	Text(rt *Runtime, repr bool) string
	// Attribute is getattr(v, name); nil where that raises AttributeError.
	Attribute(rt *Runtime, name string) Value
}

// iterable is an Object with items.
type iterable interface {
	Length(rt *Runtime) int
	Iterate() Iterator
}

// Kwarg is one named argument of a call.
type Kwarg struct {
	Name  string
	Value Value
}

// NewGenerator returns an iterator that can be used once.
func NewGenerator(next func() (Value, bool)) Value { return &generator{next, "generator"} }

// NewList returns a list of the items, which are not copied.
func NewList(items []Value) *List { return &List{Items: items} }

func newTuple(items ...Value) *Tuple { return &Tuple{Items: items} }

// normInt gives an int64 where n fits one.
func normInt(n *big.Int) Value {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// Text returns the text of a string or Markup.
func Text(v Value) (string, bool) {
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
		if v.Names != nil {
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
		if v.Lenient {
			return "Undefined"
		}
		return "StrictUndefined"
	case *boundMethod:
		return "builtin_function_or_method"
	case *Builtin:
		if v.Class != "" {
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
	case *Namespace:
		return "Namespace"
	case Object:
		_, name := v.TypeName()
		return name
	}
	return "object"
}

// objectName is how an error names the object that lacks an attribute.
func objectName(v Value) string {
	switch v := v.(type) {
	case noneType:
		return "None"
	case Markup:
		return "markupsafe.Markup object"
	case *Namespace:
		return "jinja2.utils.Namespace object"
	case Object:
		module, name := v.TypeName()
		return module + "." + name + " object"
	}
	return typeName(v) + " object"
}

// Message is the text of the error that using u raises.
func (u *Undefined) Message() string {
	switch {
	case u.Hint != "":
		return u.Hint
	case u.Object == nil:
		return Quote(u.nameText()) + " is undefined"
	}
	if name, ok := Text(u.Name); ok {
		return Quote(objectName(u.Object)) + " has no attribute " + Quote(name)
	}
	return objectName(u.Object) + " has no element " + u.nameText()
}

func (u *Undefined) nameText() string {
	switch name := u.Name.(type) {
	case string:
		return name
	case Markup:
		return string(name)
	case int64, *big.Int, float64, bool, noneType:
		return scalarText(name)
	}
	return "<" + typeName(u.Name) + ">"
}

// IsTrue is Python's bool(v).
func (rt *Runtime) IsTrue(v Value) bool {
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
	case bytesValue:
		return v != ""
	case deltaValue:
		return v.micros != 0
	case *Undefined:
		if rt.IsLenient(v) {
			return false
		}
		rt.Program.Undefined(v)
	case iterable:
		return v.Length(rt) > 0
	}
	return true
}

// IsLenient tells whether an undefined value prints as nothing.
func (rt *Runtime) IsLenient(u *Undefined) bool { return u.Lenient || rt.Lenient }

// Length is Python's len(v); ok is false where it raises TypeError.
func (rt *Runtime) Length(v Value) (n int, ok bool) {
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
	case *Undefined:
		if rt.IsLenient(v) {
			return 0, true
		}
		rt.Program.Undefined(v)
	case iterable:
		return v.Length(rt), true
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

// TypeName is the name of a value's Python type.
func (rt *Runtime) TypeName(v Value) string { return typeName(v) }
