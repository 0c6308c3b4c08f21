package jinja

// macroValue is a macro, or the body of a call block as the macro's caller.
type macroValue struct {
	name       string
	named      bool
	sig        *signature
	info       *macroInfo
	body       []stmt
	fr         *frame // where it was defined
	tmpl       *Template
	autoescape bool
}

// call binds the arguments as Jinja2 does and returns what the body prints.
func (m *macroValue) call(rt *state, pos []Value, named []kwarg) Value {
	rt.push()
	rt.step()
	fr := newFrame(rt, m.fr.ctx, &buffer{rt: rt}, m.info.fn, m.fr)
	params := m.sig.params
	n := min(len(pos), len(params))
	for i := range n {
		fr.set(params[i].ref, pos[i])
	}
	foundCaller := n == len(params) && m.takesCaller()
	for i := n; i < len(params); i++ {
		var v Value
		if v, named = takeArg(named, params[i].name); v != nil {
			fr.set(params[i].ref, v)
		}
		foundCaller = foundCaller || params[i].name == "caller"
	}
	if m.info.caller != nil && !foundCaller {
		var caller Value
		caller, named = takeArg(named, "caller")
		if caller == nil {
			caller = &Undefined{hint: "No caller defined", name: "caller"}
		}
		fr.set(*m.info.caller, caller)
	}
	m.extraArgs(rt, fr, pos, named)

	saved := rt.enterTemplate(m.tmpl, m.fr.ctx)
	savedEscape := rt.autoescape
	rt.autoescape = m.autoescape
	fr.enter(m.info.scope)
	m.defaults(fr)
	fr.run(m.body)
	rt.autoescape = savedEscape
	rt.restore(saved)
	rt.pop()
	return fr.out.captured()
}

func (m *macroValue) takesCaller() bool {
	for _, param := range m.sig.params {
		if param.name == "caller" {
			return true
		}
	}
	return false
}

func takeArg(named []kwarg, name string) (Value, []kwarg) {
	for i, a := range named {
		if a.name == name {
			rest := append([]kwarg(nil), named[:i]...)
			return a.value, append(rest, named[i+1:]...)
		}
	}
	return nil, named
}

func (m *macroValue) extraArgs(rt *state, fr *frame, pos []Value, named []kwarg) {
	if m.info.kwargs != nil {
		d := NewDict()
		for _, a := range named {
			d.SetString(a.name, a.value)
		}
		fr.set(*m.info.kwargs, d)
	} else if len(named) > 0 {
		for _, a := range named {
			if a.name == "caller" {
				raise("TypeError", "macro %s was invoked with two values for the special caller argument. This is most likely a bug.", m.quotedName())
			}
		}
		var known []string
		for _, p := range m.sig.params {
			known = append(known, p.name)
		}
		panic(&Error{Kind: "TypeError", Hint: didYouMean(named[0].name, known),
			Msg: sprintf("macro %s takes no keyword argument %s", m.quotedName(), quote(named[0].name))})
	}
	if m.info.varargs != nil {
		var extra []Value
		if len(pos) > len(m.sig.params) {
			extra = pos[len(m.sig.params):]
		}
		fr.set(*m.info.varargs, newTuple(extra...))
	} else if len(pos) > len(m.sig.params) {
		raise("TypeError", "macro %s takes not more than %d argument(s)", m.quotedName(), len(m.sig.params))
	}
}

func (m *macroValue) quotedName() string {
	if !m.named {
		return "None"
	}
	return quote(m.name)
}

// defaults fills the parameters that the call left out.
func (m *macroValue) defaults(fr *frame) {
	params, first := m.sig.params, len(m.sig.params)-len(m.sig.defaults)
	for i := range params {
		if fr.get(params[i].ref) != nil {
			continue
		}
		if i >= first {
			fr.set(params[i].ref, m.sig.defaults[i-first].eval(fr))
			continue
		}
		fr.set(params[i].ref, &Undefined{name: params[i].name,
			hint: "parameter " + quote(params[i].name) + " was not provided"})
	}
}

func (m *macroValue) attr(name string) Value {
	switch name {
	case "name":
		if !m.named {
			return None
		}
		return m.name
	case "arguments":
		var names []Value
		for _, param := range m.sig.params {
			names = append(names, param.name)
		}
		return newTuple(names...)
	case "catch_kwargs":
		return m.info.kwargs != nil
	case "catch_varargs":
		return m.info.varargs != nil
	case "caller":
		return m.info.caller != nil
	}
	return nil
}
