package jinja

import (
	"strconv"
	"strings"
)

// builtin is a function written in Go with a signature as Python's.
type builtin struct {
	name    string
	params  []param
	posOnly int  // number of leading parameters that have no name
	kwOnly  int  // index of the first parameter that needs its name
	star    bool // takes *args: a Tuple after the parameters
	kw      bool // takes **kwargs: a Dict at the end
	fn      func(rt *state, args []Value) Value
}

type param struct {
	name      string
	byDefault Value // nil: required
}

// define makes a builtin. The signature lists parameters as Python does, with
// "/" and "*" to separate kinds; defaults are literals.
func define(name, signature string, fn func(rt *state, args []Value) Value) *builtin {
	b := &builtin{name: name, fn: fn, kwOnly: -1}
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

// callBuiltin binds arguments and calls. It charges for what is returned.
func (rt *state) callBuiltin(b *builtin, pos []Value, named []kwarg) Value {
	for _, a := range pos {
		rt.effort(size(a))
	}
	if rt.trace != nil {
		rt.trace.refuseSpoilt(pos)
	}
	v := b.fn(rt, b.bind(pos, named))
	rt.chargeResult(v)
	return v
}

func (b *builtin) bind(pos []Value, named []kwarg) []Value {
	n := len(b.params)
	if len(pos) == n && len(named) == 0 && !b.star && !b.kw && b.kwOnly == n {
		return pos
	}
	args := make([]Value, n, n+2)
	if len(pos) > b.kwOnly && !b.star {
		raise("TypeError", "%s() takes %s but %d were given", b.name, plural(b.kwOnly, "positional argument"), len(pos))
	}
	copy(args, pos[:min(len(pos), b.kwOnly)])
	var extra *Dict
	if b.kw {
		extra = NewDict()
	}
	for _, a := range named {
		i := b.index(a.name)
		switch {
		case i >= 0 && args[i] != nil:
			raise("TypeError", "%s() got multiple values for argument '%s'", b.name, a.name)
		case i >= 0:
			args[i] = a.value
		case extra != nil:
			extra.SetString(a.name, a.value)
		default:
			b.badKeyword(a.name)
		}
	}
	for i, p := range b.params {
		if args[i] == nil {
			if p.byDefault == nil {
				raise("TypeError", "%s() missing required argument: '%s'", b.name, p.name)
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

func (b *builtin) badKeyword(name string) {
	var known []string
	for _, p := range b.params[b.posOnly:] {
		known = append(known, p.name)
	}
	panic(&Error{Kind: "TypeError", Hint: didYouMean(name, known),
		Msg: sprintf("%s() got an unexpected keyword argument '%s'", b.name, name)})
}

func (b *builtin) index(name string) int {
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

// call calls any value.
func (rt *state) call(callee Value, pos []Value, named []kwarg) Value {
	switch f := callee.(type) {
	case *macroValue:
		return f.call(rt, pos, named)
	case *boundMethod:
		rt.charge(itemSize * len(pos))
		return rt.callBuiltin(f.fn, append([]Value{f.self}, pos...), named)
	case *function:
		return rt.callBuiltin(f.fn, pos, named)
	case *loopContext:
		if f.recurse == nil {
			raise("TypeError", "The loop must have the 'recursive' marker to be called recursively.")
		}
		if len(pos) != 1 || len(named) > 0 {
			raise("TypeError", "loop() takes 1 argument")
		}
		return f.recurse(pos[0], f.depth0+1)
	case *blockRef:
		if len(pos)+len(named) > 0 {
			raise("TypeError", "a block takes no arguments")
		}
		return f.call(rt)
	case *joiner:
		if !f.used {
			f.used = true
			return ""
		}
		return f.sep
	case *Undefined:
		rt.useUndefined(f)
	}
	raise("TypeError", "%s object is not callable", quote(typeName(callee)))
	return nil
}
