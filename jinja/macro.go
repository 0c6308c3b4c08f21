package jinja

import (
	"fmt"
	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// macroValue is a macro, or the body of a call block as the macro's caller.
type macroValue struct {
	name       string
	named      bool
	fn         *syntax.Function
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
	fr := newFrame(rt, m.fr.ctx, &buffer{rt: rt}, m.fn.Fn, m.fr)
	params := m.fn.Params
	n := min(len(pos), len(params))
	for i := range n {
		fr.set(params[i].Ref, pos[i])
	}
	foundCaller := n == len(params) && m.takesCaller()
	for i := n; i < len(params); i++ {
		var v python.Value
		if v, named = takeArg(named, params[i].Name); v != nil {
			fr.set(params[i].Ref, v)
		}
		foundCaller = foundCaller || params[i].Name == "caller"
	}
	if m.fn.Caller != nil && !foundCaller {
		var caller python.Value
		caller, named = takeArg(named, "caller")
		if caller == nil {
			caller = &python.Undefined{Hint: "No caller defined", Name: "caller"}
		}
		fr.set(*m.fn.Caller, caller)
	}
	m.extraArgs(rt, fr, pos, named)

	saved := rt.enterTemplate(m.tmpl, m.fr.ctx)
	savedEscape := rt.Autoescape
	rt.Autoescape = m.autoescape
	fr.enter(m.fn.Scope)
	m.defaults(fr)
	fr.run(m.fn.Body)
	rt.Autoescape = savedEscape
	rt.restore(saved)
	rt.Pop()
	return fr.out.captured()
}

func (m *macroValue) takesCaller() bool {
	for _, param := range m.fn.Params {
		if param.Name == "caller" {
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
	if m.fn.Kwargs != nil {
		d := python.NewDict()
		for _, a := range named {
			d.SetString(a.Name, plain(a.Value))
		}
		fr.set(*m.fn.Kwargs, d)
	} else if len(named) > 0 {
		for _, a := range named {
			if a.Name == "caller" {
				python.Raise("TypeError", "macro %s was invoked with two values for the special caller argument. This is most likely a bug.", m.quotedName())
			}
		}
		var known []string
		for _, p := range m.fn.Params {
			known = append(known, p.Name)
		}
		panic(&python.Error{Kind: "TypeError", Hint: python.DidYouMean(named[0].Name, known),
			Msg: fmt.Sprintf("macro %s takes no keyword argument %s", m.quotedName(), python.Quote(named[0].Name))})
	}
	if m.fn.Varargs != nil {
		var extra []python.Value
		if len(pos) > len(m.fn.Params) {
			extra = pos[len(m.fn.Params):]
			allPlain(extra)
		}
		fr.set(*m.fn.Varargs, &python.Tuple{Items: extra})
	} else if len(pos) > len(m.fn.Params) {
		python.Raise("TypeError", "macro %s takes not more than %d argument(s)", m.quotedName(), len(m.fn.Params))
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
	params, first := m.fn.Params, len(m.fn.Params)-len(m.fn.Defaults)
	for i := range params {
		if fr.get(params[i].Ref) != nil {
			continue
		}
		if i >= first {
			fr.set(params[i].Ref, fr.eval(m.fn.Defaults[i-first]))
			continue
		}
		fr.set(params[i].Ref, &python.Undefined{Name: params[i].Name,
			Hint: "parameter " + python.Quote(params[i].Name) + " was not provided"})
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
		for _, param := range m.fn.Params {
			names = append(names, param.Name)
		}
		return &python.Tuple{Items: names}
	case "catch_kwargs":
		return m.fn.Kwargs != nil
	case "catch_varargs":
		return m.fn.Varargs != nil
	case "caller":
		return m.fn.Caller != nil
	}
	return nil
}
