package jinja

import (
	"fmt"
	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/jinja/syntax"
)

// loadAny loads a template by what an extends, import or include names.
func (rt *state) loadAny(v python.Value, line int) *Template {
	rt.line = line
	name, ok := python.Text(v)
	if !ok {
		if u, undefined := v.(*python.Undefined); undefined {
			rt.Program.Undefined(u)
		}
		python.Raise("TypeError", "a template name must be a string, not %s", rt.TypeName(v))
	}
	t, err := rt.load(name)
	if err != nil {
		panic(err)
	}
	return t
}

func (fr *frame) includeStmt(s *syntax.Include) {
	fr.at(s.Line)
	rt := fr.rt
	rt.Step()
	t := fr.findIncluded(s)
	if t == nil {
		return
	}
	if !s.WithContext {
		out := fr.out
		if fr.up == nil {
			// Jinja2 3.1 lets this text pass by a filter or set block around it.
			out = fr.direct
		}
		out.writeValue(rt.module(t).printed, s.Line)
		return
	}
	ctx := newContext(t, fr.ctx.snapshot(fr.rt, fr.locals(s.Locals)))
	t.run(rt, ctx, fr.out)
}

// findIncluded returns the first template that exists of those an include names; nil
// if none does and that is allowed.
func (fr *frame) findIncluded(s *syntax.Include) *Template {
	rt := fr.rt
	v := fr.plain(s.Template)
	rt.line = s.Line
	var names []python.Value
	switch v := v.(type) {
	case *python.Undefined:
		rt.Program.Undefined(v)
	case *python.List:
		names = v.Items
	case *python.Tuple:
		names = v.Items
	default:
		names = []python.Value{v}
	}
	var first *python.Error
	for _, n := range names {
		name, ok := python.Text(n)
		if !ok {
			return rt.loadAny(n, s.Line)
		}
		t, err := rt.load(name)
		if err == nil {
			return t
		}
		if first == nil {
			first = err
		}
	}
	if s.IgnoreMissing {
		return nil
	}
	if len(names) == 0 {
		python.Raise("TemplatesNotFound", "Tried to select from an empty list of templates.")
	}
	if len(names) > 1 {
		first.Kind = "TemplatesNotFound"
		first.Msg = "none of the templates given were found: " + rt.JoinStr(", ", names)
	}
	panic(first)
}

// module is an imported template: what it exports and what it prints.
type module struct {
	tmpl    *Template
	vars    map[string]python.Value
	printed python.Value // its text
}

// TypeName is the class of an imported template.
func (m *module) TypeName() (mod, name string) { return "jinja2.environment", "TemplateModule" }

// Text is what the template prints; with repr its name.
func (m *module) Text(_ *python.Runtime, repr bool) string {
	if repr {
		return "<TemplateModule " + python.Quote(m.tmpl.name) + ">"
	}
	text, _ := python.Text(plain(m.printed))
	return text
}

// Attribute is a variable or macro of the template.
func (m *module) Attribute(_ *python.Runtime, name string) python.Value { return m.vars[name] }

// module runs a template without the importer's variables, once per render.
func (rt *state) module(t *Template) *module {
	if m := rt.modules[t]; m != nil {
		return m
	}
	m := rt.makeModule(t, rt.env.layer())
	if rt.modules == nil {
		rt.modules = map[*Template]*module{}
	}
	rt.modules[t] = m
	return m
}

func (rt *state) makeModule(t *Template, parent *layer) *module {
	rt.Step()
	ctx := newContext(t, parent)
	buf := &buffer{rt: rt}
	t.run(rt, ctx, buf)
	m := &module{tmpl: t, vars: map[string]python.Value{}, printed: buf.sourced(buf.text())}
	for name, exported := range ctx.exported {
		if exported {
			m.vars[name] = ctx.vars[name]
		}
	}
	return m
}

func (fr *frame) importModule(template syntax.Node, line int, withContext bool, locals []syntax.Local) *module {
	fr.at(line)
	t := fr.rt.loadAny(fr.plain(template), line)
	if !withContext {
		return fr.rt.module(t)
	}
	return fr.rt.makeModule(t, fr.ctx.snapshot(fr.rt, fr.locals(locals)))
}

func (fr *frame) importStmt(s *syntax.Import) {
	m := fr.importModule(s.Template, s.Line, s.WithContext, s.Locals)
	if s.Names == nil {
		fr.imported(&s.As[0], m)
	}
	for i, name := range s.Names {
		v, ok := m.vars[name]
		if !ok {
			v = &python.Undefined{Name: name, Hint: fmt.Sprintf("the template %s (imported on line %d in %s) does not export the requested name %s",
				python.Quote(m.tmpl.name), s.Line, python.Quote(fr.rt.tmpl.name), python.Quote(name))}
		}
		fr.imported(&s.As[i], v)
	}
}

// imported gives a name what was imported; who imports this template in turn does not see it.
func (fr *frame) imported(as *syntax.Target, v python.Value) {
	fr.set(as.Ref, v)
	if as.Export {
		fr.ctx.export(as.Name, v, false)
	}
}

// knownNames lists what a misspelt variable may have meant.
func (rt *state) knownNames() []string {
	names := append([]string(nil), rt.tmpl.root.Assigned()...)
	if rt.ctx != nil {
		names = append(names, rt.ctx.names()...)
	}
	return names
}
