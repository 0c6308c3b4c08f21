package jinja

import "github.com/slipway-build/slipway/jinja/python"

// Host is what the render in progress offers to a filter that works on the
// template language's own values. It is of no use after the filter returned.
type Host struct{ rt *python.Runtime }

// AddValueFilter is AddFilter for filters whose result depends on more of an
// argument than its Go value tells: a tuple is no list, and a dict has an order.
// An undefined argument ends the render.
func (e *Env) AddValueFilter(name, signature string, f func(h Host, args []python.Value) (python.Value, error)) {
	e.filters = withBuiltin(e.filters, python.Define(name, signature, func(rt *python.Runtime, args []python.Value) python.Value {
		for _, arg := range args {
			if u, ok := arg.(*python.Undefined); ok && !rt.IsLenient(u) {
				rt.Program.Undefined(u)
			}
		}
		out, err := f(Host{rt}, args)
		if err != nil {
			rt.RaiseErr(err)
		}
		return out
	}))
}

// Str is Python's str(v).
func (h Host) Str(v python.Value) string { return h.given(h.rt.Str(v)) }

// given counts the memory for what the filter may make of a text.
func (h Host) given(s string) string {
	h.rt.ChargeProduct(4, len(s))
	return s
}

// True is Python's bool(v).
func (h Host) True(v python.Value) bool { return h.rt.IsTrue(v) }

// Text returns the text of a string or Markup.
func (h Host) Text(v python.Value) (string, bool) {
	s, ok := python.Text(v)
	return h.given(s), ok
}

// Lookup is d[key], false if there is no such key. A key that Python cannot
// hash ends the render.
func (h Host) Lookup(d *python.Dict, key python.Value) (python.Value, bool) { return d.Get(h.rt, key) }

// Equal is Python's a == b.
func (h Host) Equal(a, b python.Value) bool { return h.rt.Equal(a, b) }

// Keys returns the keys of d in order, as Python's str prints them.
func (h Host) Keys(d *python.Dict) []string {
	h.rt.ChargeItems(2 * d.Len())
	keys := make([]string, 0, d.Len())
	for key := range d.All() {
		keys = append(keys, h.Str(key))
	}
	return keys
}

// Shared returns this render's copy of a variable of Vars: a template that
// changed it in place, with do, finds it changed.
func (h Host) Shared(vars Vars, name string) (python.Value, bool) {
	v, ok := vars.m[name]
	if !ok {
		return nil, false
	}
	return stateOf(h.rt).ownCopy(shared{name: name}, v), true
}
