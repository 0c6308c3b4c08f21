package python

import (
	"strconv"
	"strings"
)

// Builtin is a function or class written in Go, with a signature as Python's.
type Builtin struct {
	Name    string
	Class   string // the full name of the class that it makes an object of; "" for a function
	params  []param
	posOnly int  // number of leading parameters that have no name
	kwOnly  int  // index of the first parameter that needs its name
	star    bool // takes *args: a Tuple after the parameters
	kw      bool // takes **kwargs: a Dict at the end
	fn      func(rt *Runtime, args []Value) Value
}

type param struct {
	name      string
	byDefault Value // nil: required
}

// Define makes a builtin. The signature lists parameters as Python does, with
// "/" and "*" to separate kinds; defaults are literals.
func Define(name, signature string, fn func(rt *Runtime, args []Value) Value) *Builtin {
	b := &Builtin{Name: name, fn: fn, kwOnly: -1}
	for _, p := range splitSignature(signature) {
		p = strings.TrimSpace(p)
		switch {
		case p == "":
		case p == "/":
			b.posOnly = len(b.params)
		case p == "*":
			b.kwOnly = len(b.params)
		case strings.HasPrefix(p, "**"):
			b.kw = true
		case strings.HasPrefix(p, "*"):
			b.star = true
			b.kwOnly = len(b.params)
		default:
			key, value, hasDefault := strings.Cut(p, "=")
			q := param{name: key}
			if hasDefault {
				q.byDefault = literal(value)
			}
			b.params = append(b.params, q)
		}
	}
	if b.kwOnly < 0 {
		b.kwOnly = len(b.params)
	}
	return b
}

// class is define for a class.
func class(name, signature string, fn func(rt *Runtime, args []Value) Value) *Builtin {
	b := Define(name, signature, fn)
	b.Class = name
	return b
}

// splitSignature splits at commas that are not in quotes.
func splitSignature(s string) []string {
	var parts []string
	quoted := false
	start := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\'' {
			quoted = !quoted
		} else if s[i] == ',' && !quoted {
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// literal reads the default of a parameter.
func literal(s string) Value {
	switch s {
	case "None":
		return None
	case "True":
		return true
	case "False":
		return false
	}
	if text, ok := strings.CutPrefix(s, "'"); ok {
		return strings.TrimSuffix(text, "'")
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("bad default in a signature: " + s)
	}
	return f
}

// CallBuiltin binds arguments and calls. It charges for what is returned.
func (rt *Runtime) CallBuiltin(b *Builtin, pos []Value, named []Kwarg) Value {
	if rt.Watched {
		rt.Program.Arguments(pos, named)
	}
	for _, a := range pos {
		rt.Effort(size(a))
	}
	v := b.fn(rt, b.bind(pos, named))
	rt.chargeResult(v)
	return v
}

func (b *Builtin) bind(pos []Value, named []Kwarg) []Value {
	n := len(b.params)
	if len(pos) == n && len(named) == 0 && !b.star && !b.kw && b.kwOnly == n {
		return pos
	}
	args := make([]Value, n, n+2)
	if len(pos) > b.kwOnly && !b.star {
		Raise("TypeError", "%s() takes %s but %d were given", b.Name, plural(b.kwOnly, "positional argument"), len(pos))
	}
	copy(args, pos[:min(len(pos), b.kwOnly)])
	var extra *Dict
	if b.kw {
		extra = NewDict()
	}
	for _, a := range named {
		i := b.index(a.Name)
		switch {
		case i >= 0 && args[i] != nil:
			Raise("TypeError", "%s() got multiple values for argument '%s'", b.Name, a.Name)
		case i >= 0:
			args[i] = a.Value
		case extra != nil:
			extra.SetString(a.Name, a.Value)
		default:
			b.badKeyword(a.Name)
		}
	}
	for i, p := range b.params {
		if args[i] == nil {
			if p.byDefault == nil {
				Raise("TypeError", "%s() missing required argument: '%s'", b.Name, p.name)
			}
			args[i] = p.byDefault
		}
	}
	if b.star {
		var rest []Value
		if len(pos) > b.kwOnly {
			rest = pos[b.kwOnly:]
		}
		args = append(args, newTuple(rest...))
	}
	if b.kw {
		args = append(args, extra)
	}
	return args
}

func (b *Builtin) badKeyword(name string) {
	var known []string
	for _, p := range b.params[b.posOnly:] {
		known = append(known, p.name)
	}
	panic(&Error{Kind: "TypeError", Hint: DidYouMean(name, known),
		Msg: sprintf("%s() got an unexpected keyword argument '%s'", b.Name, name)})
}

func (b *Builtin) index(name string) int {
	for i := b.posOnly; i < len(b.params); i++ {
		if b.params[i].name == name {
			return i
		}
	}
	return -1
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return sprintf("%d %ss", n, what)
}

// callable is an Object that can be called.
type callable interface {
	Call(rt *Runtime, pos []Value, named []Kwarg) Value
}

// IsCallable is callable(v).
func (rt *Runtime) IsCallable(v Value) bool {
	switch v.(type) {
	case *boundMethod, *Builtin, *Undefined, callable:
		return true
	}
	return false
}

// Method is b as a method of an object.
func (b *Builtin) Method(self Value) Value { return &boundMethod{self, b} }

// Call calls any value.
func (rt *Runtime) Call(callee Value, pos []Value, named []Kwarg) Value {
	switch f := callee.(type) {
	case *boundMethod:
		rt.Charge(itemSize * len(pos))
		return rt.CallBuiltin(f.fn, append([]Value{f.self}, pos...), named)
	case *Builtin:
		return rt.CallBuiltin(f, pos, named)
	case callable:
		return f.Call(rt, pos, named)
	case *Undefined:
		rt.Program.Undefined(f)
	}
	Raise("TypeError", "%s object is not callable", Quote(typeName(callee)))
	return nil
}

// NamedArgs are the arguments that **d stands for.
func (d *Dict) NamedArgs() []Kwarg {
	var named []Kwarg
	for _, e := range d.entries {
		if e.key != nil {
			named = append(named, Kwarg{e.key.(string), e.value})
		}
	}
	return named
}
