package python

import (
	"math/big"
	"strings"
)

// Method returns the method of a built-in type, nil if there is none.
func (rt *Runtime) Method(obj Value, name string) *Builtin {
	switch obj.(type) {
	case string, Markup:
		return stringMethods[name]
	case *List:
		return listMethods[name]
	case *Tuple, *rangeValue:
		return tupleMethods[name]
	case *Dict:
		return dictMethods[name]
	case int64, *big.Int, bool:
		return intMethods[name]
	case float64:
		return floatMethods[name]
	case bytesValue:
		return bytesMethods[name]
	case deltaValue:
		return deltaMethods[name]
	case zoneValue:
		return zoneMethods[name]
	}
	if d, ok := obj.(*dateValue); ok && d.dateOnly {
		return dateMethods[name]
	} else if ok {
		return datetimeMethods[name]
	}
	return nil
}

// Attribute is Python's getattr; nil where it raises AttributeError.
func (rt *Runtime) Attribute(obj Value, name string) Value {
	if strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__") {
		switch obj.(type) {
		case *Undefined, *Dict, *Namespace:
			return nil // at most a key of that name
		}
		panic(&Error{Kind: SecurityError, Msg: sprintf("access to attribute %s of %s is unsafe.", Quote(name), Quote(objectName(obj)))})
	}
	if m := rt.Method(obj, name); m != nil {
		rt.Charge(64)
		return &boundMethod{obj, m}
	}
	switch v := obj.(type) {
	case *Undefined:
		rt.Program.Undefined(v)
	case *Namespace:
		if x, ok := v.Attrs.GetString(name); ok {
			return x
		}
	case Object:
		return v.Attribute(rt, name)
	case *Builtin:
		if v.Name == "dict" && v.Class != "" && name == "fromkeys" {
			return &boundMethod{NewDict(), dictMethods[name]}
		}
	default:
		return dataAttribute(obj, name)
	}
	return nil
}

func dataAttribute(obj Value, name string) Value {
	switch v := obj.(type) {
	case *dateValue:
		return v.attr(name)
	case deltaValue:
		return v.attr(name)
	case *Tuple:
		for i, n := range v.Names {
			if n == name {
				return v.Items[i]
			}
		}
	case *rangeValue:
		switch name {
		case "start":
			return v.start
		case "stop":
			return v.stop
		case "step":
			return v.step
		}
	case int64, *big.Int, bool:
		switch name {
		case "real", "numerator":
			n, _ := asInt(v)
			return normInt(n)
		case "imag":
			return int64(0)
		case "denominator":
			return int64(1)
		}
	case float64:
		switch name {
		case "real":
			return v
		case "imag":
			return 0.0
		}
	case *dictView:
		if name == "mapping" {
			return v.dict
		}
	}
	return nil
}

// GetAttr is "obj.name": an attribute, else an item.
func (rt *Runtime) GetAttr(obj Value, name string) Value {
	if v := rt.Attribute(obj, name); v != nil {
		return v
	}
	if v := rt.item(obj, name); v != nil {
		return v
	}
	return rt.NoValue(&Undefined{Object: obj, Name: name})
}

// GetItem is "obj[key]": an item, else an attribute.
func (rt *Runtime) GetItem(obj, key Value) Value {
	if v := rt.item(obj, key); v != nil {
		return v
	}
	if name, ok := Text(key); ok {
		if v := rt.Attribute(obj, name); v != nil {
			return v
		}
	}
	return rt.NoValue(&Undefined{Object: obj, Name: key})
}

// item is Python's obj[key]; nil where it raises TypeError or LookupError.
func (rt *Runtime) item(obj, key Value) Value {
	switch v := obj.(type) {
	case *Dict:
		if !rt.hashable(key) {
			return nil
		}
		if x, ok := v.Get(rt, key); ok {
			return x
		}
		return nil
	case *Undefined:
		rt.Program.Undefined(v)
	case interface{ Item(key Value) Value }:
		return v.Item(key)
	}
	i, ok := smallInt(key)
	if !ok {
		return nil
	}
	switch v := obj.(type) {
	case *List:
		return at(v.Items, i)
	case *Tuple:
		return at(v.Items, i)
	case string:
		if s, ok := runeAt(v, i); ok {
			return s
		}
	case Markup:
		if s, ok := runeAt(string(v), i); ok {
			return Markup(s)
		}
	case bytesValue:
		if i < 0 {
			i += len(v)
		}
		if i >= 0 && i < len(v) {
			return int64(v[i])
		}
	case *rangeValue:
		n := int(v.length())
		if i < 0 {
			i += n
		}
		if i >= 0 && i < n {
			return v.at(int64(i))
		}
	}
	return nil
}

func at(items []Value, i int) Value {
	if i < 0 {
		i += len(items)
	}
	if i < 0 || i >= len(items) {
		return nil
	}
	return items[i]
}

// smallInt returns an index: an int or bool.
func smallInt(v Value) (int, bool) {
	switch v := v.(type) {
	case int64:
		return int(v), true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func runeAt(s string, i int) (string, bool) {
	if isASCII(s) {
		if i < 0 {
			i += len(s)
		}
		if i < 0 || i >= len(s) {
			return "", false
		}
		return s[i : i+1], true
	}
	if i < 0 {
		i += runeCount(s)
	}
	for _, r := range s {
		if i == 0 {
			return string(r), true
		}
		i--
	}
	return "", false
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// hashable says whether a value can be a key.
func (rt *Runtime) hashable(v Value) bool {
	switch v := v.(type) {
	case *List, *Dict, *dictView, *Namespace:
		return false
	case *Tuple:
		rt.Push()
		defer rt.Pop()
		for _, item := range v.Items {
			if !rt.hashable(item) {
				return false
			}
		}
	}
	return true
}
