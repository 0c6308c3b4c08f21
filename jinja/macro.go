package jinja

import (
	"fmt"
	"github.com/slipway-build/slipway/jinja/python"
)

// macroValue is a macro, or the body of a call block as the macro's caller.
type macroValue struct {
	name       string
	named      bool
	fn         *function
	fr         *frame // where it was defined
	tmpl       *Template
	autoescape bool
}

// TypeName is the class of macros.
func (m *macroValue) TypeName() (module, name string) { return "jinja2.runtime", "Macro" }

// Text names the macro.
func (m *macroValue) Text(*python.Runtime, bool) string {
	if !m.named {
		return "<Macro anonymous>"
	}
	return "<Macro " + python.Quote(m.name) + ">"
}

// Call runs the macro.
func (m *macroValue) Call(rt *python.Runtime, pos []python.Value, named []python.Kwarg) python.Value {
	return m.call(stateOf(rt), pos, named)
}

// call binds the arguments as Jinja2 does and returns what the body prints.
func (m *macroValue) call(rt *state, pos []python.Value, named []python.Kwarg) python.Value {
	rt.Push()
	rt.Step()
	fr := newFrame(rt, m.fr.ctx, &buffer{rt: rt}, m.fn.fn, m.fr)
	params := m.fn.params
	n := min(len(pos), len(params))
	for i := range n {
		fr.set(params[i].ref, pos[i])
	}
	foundCaller := n == len(params) && m.takesCaller()
	for i := n; i < len(params); i++ {
		var v python.Value
		if v, named = takeArg(named, params[i].name); v != nil {
			fr.set(params[i].ref, v)
		}
		foundCaller = foundCaller || params[i].name == "caller"
	}
	if m.fn.caller != nil && !foundCaller {
		var caller python.Value
		caller, named = takeArg(named, "caller")
		if caller == nil {
			caller = &python.Undefined{Hint: "No caller defined", Name: "caller"}
		}
		fr.set(*m.fn.caller, caller)
	}
	m.extraArgs(rt, fr, pos, named)

	saved := rt.enterTemplate(m.tmpl, m.fr.ctx)
	savedEscape := rt.Autoescape
	rt.Autoescape = m.autoescape
	fr.enter(m.fn.scope)
	m.defaults(fr)
	fr.run(m.fn.body)
	rt.Autoescape = savedEscape
	rt.restore(saved)
	rt.Pop()
	return fr.out.captured()
}

func (m *macroValue) takesCaller() bool {
	for _, param := range m.fn.params {
		if param.name == "caller" {
			return true
		}
	}
	return false
}

func takeArg(named []python.Kwarg, name string) (python.Value, []python.Kwarg) {
	for i, a := range named {
		if a.Name == name {
			rest := append([]python.Kwarg(nil), named[:i]...)
			return a.Value, append(rest, named[i+1:]...)
		}
	}
	return nil, named
}

func (m *macroValue) extraArgs(rt *state, fr *frame, pos []python.Value, named []python.Kwarg) {
	if m.fn.kwargs != nil {
		d := python.NewDict()
		for _, a := range named {
			d.SetString(a.Name, plain(a.Value))
		}
		fr.set(*m.fn.kwargs, d)
	} else if len(named) > 0 {
		for _, a := range named {
			if a.Name == "caller" {
				python.Raise("TypeError", "macro %s was invoked with two values for the special caller argument. This is most likely a bug.", m.quotedName())
			}
		}
		var known []string
		for _, p := range m.fn.params {
			known = append(known, p.name)
		}
		panic(&python.Error{Kind: "TypeError", Hint: python.DidYouMean(named[0].Name, known),
			Msg: fmt.Sprintf("macro %s takes no keyword argument %s", m.quotedName(), python.Quote(named[0].Name))})
	}
	if m.fn.varargs != nil {
		var extra []python.Value
		if len(pos) > len(m.fn.params) {
			extra = pos[len(m.fn.params):]
			allPlain(extra)
		}
		fr.set(*m.fn.varargs, &python.Tuple{Items: extra})
	} else if len(pos) > len(m.fn.params) {
		python.Raise("TypeError", "macro %s takes not more than %d argument(s)", m.quotedName(), len(m.fn.params))
	}
}

func (m *macroValue) quotedName() string {
	if !m.named {
		return "None"
	}
	return python.Quote(m.name)
}

// defaults fills the parameters that the call left out.
func (m *macroValue) defaults(fr *frame) {
	params, first := m.fn.params, len(m.fn.params)-len(m.fn.defaults)
	for i := range params {
		if fr.get(params[i].ref) != nil {
			continue
		}
		if i >= first {
			fr.set(params[i].ref, fr.eval(m.fn.defaults[i-first]))
			continue
		}
		fr.set(params[i].ref, &python.Undefined{Name: params[i].name,
			Hint: "parameter " + python.Quote(params[i].name) + " was not provided"})
	}
}

// Attribute is what a template asks of a macro.
func (m *macroValue) Attribute(_ *python.Runtime, name string) python.Value {
	switch name {
	case "name":
		if !m.named {
			return python.None
		}
		return m.name
	case "arguments":
		var names []python.Value
		for _, param := range m.fn.params {
			names = append(names, param.name)
		}
		return &python.Tuple{Items: names}
	case "catch_kwargs":
		return m.fn.kwargs != nil
	case "catch_varargs":
		return m.fn.varargs != nil
	case "caller":
		return m.fn.caller != nil
	}
	return nil
}
