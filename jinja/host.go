package jinja

// Host is what the render in progress offers to a filter that works on the
// template language's own values. It is of no use after the filter returned.
type Host struct{ rt *state }

// AddValueFilter is AddFilter for filters whose result depends on more of an
// argument than its Go value tells: a tuple is no list, and a dict has an order.
// An undefined argument ends the render.
func (e *Env) AddValueFilter(name, signature string, f func(h Host, args []Value) (Value, error)) {
	e.filters = withBuiltin(e.filters, define(name, signature, func(rt *state, args []Value) Value {
		for _, arg := range args {
			if u, ok := arg.(*Undefined); ok && !rt.isLenient(u) {
				rt.useUndefined(u)
			}
		}
		out, err := f(Host{rt}, args)
		if err != nil {
			rt.raiseErr(err)
		}
		return out
	}))
}

// Str is Python's str(v).
func (h Host) Str(v Value) string { return h.given(h.rt.str(v)) }

// given counts the memory for what the filter may make of a text.
func (h Host) given(s string) string {
	h.rt.chargeProduct(4, len(s))
	return s
}

// True is Python's bool(v).
func (h Host) True(v Value) bool { return h.rt.isTrue(v) }

// Text returns the text of a string or Markup.
func (h Host) Text(v Value) (string, bool) {
	s, ok := asString(v)
	return h.given(s), ok
}

// Lookup is d[key], false if there is no such key. A key that Python cannot
// hash ends the render.
func (h Host) Lookup(d *Dict, key Value) (Value, bool) { return d.get(h.rt, key) }

// Equal is Python's a == b.
func (h Host) Equal(a, b Value) bool { return h.rt.equal(a, b) }

// Keys returns the keys of d in order, as Python's str prints them.
func (h Host) Keys(d *Dict) []string {
	h.rt.charge(textSize * d.Len())
	keys := make([]string, 0, d.Len())
	for _, e := range d.entries {
		if e.key != nil {
			keys = append(keys, h.Str(e.key))
		}
	}
	return keys
}

// Shared returns this render's copy of a variable of Vars: a template that
// changed it in place, with do, finds it changed.
func (h Host) Shared(vars Vars, name string) (Value, bool) {
	v, ok := vars.m[name]
	if !ok {
		return nil, false
	}
	return h.rt.ownCopy(name, v), true
}
