package syntax

import (
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

func (p *parser) parseSet() Node {
	line := p.next().line
	tgt := p.parseTarget(true)
	if p.accept(tAssign) {
		return &Set{Target: tgt, Value: p.parseTuple(tupleOptions{cond: true}), Line: line}
	}
	filter := p.parseFilter(nil, false)
	return &Capture{Target: tgt, Filter: filter, Body: p.parseBodyTo("endset"), Line: line}
}

func (p *parser) parseFor() Node {
	s := &For{Line: p.expectName("for").line}
	s.Target = p.parseTarget(false)
	p.expectName("in")
	s.Iter = p.parseTuple(tupleOptions{})
	if p.acceptName("if") {
		s.Test = p.parseExpr()
	}
	s.Recursive = p.acceptName("recursive")
	s.Body = p.parseBody("endfor", "else")
	if p.next().val == "else" {
		s.Otherwise = p.parseBodyTo("endfor")
	}
	return s
}

func (p *parser) parseIf() Node {
	s := &If{}
	p.expectName("if")
	for {
		s.Lines = append(s.Lines, p.cur().line)
		s.Tests = append(s.Tests, p.parseTuple(tupleOptions{}))
		s.Bodies = append(s.Bodies, p.parseBody("elif", "else", "endif"))
		switch p.next().val {
		case "elif":
			continue
		case "else":
			s.Otherwise = p.parseBodyTo("endif")
		}
		return s
	}
}

func (p *parser) parseWith() Node {
	s := &With{Line: p.next().line}
	for p.cur().kind != tBlockEnd {
		if len(s.Targets) > 0 {
			p.expect(tComma)
		}
		s.Targets = append(s.Targets, p.parseTarget(false))
		p.expect(tAssign)
		s.Values = append(s.Values, p.parseExpr())
	}
	s.Body = p.parseBodyTo("endwith")
	return s
}

func (p *parser) parseBlock() Node {
	s := &Block{Line: p.next().line}
	p.blocks = append(p.blocks, s)
	s.Name = p.expect(tName).val
	s.Scoped = p.acceptName("scoped")
	s.Required = p.acceptName("required")
	if p.cur().kind == tSub {
		p.fail("Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.")
	}
	s.Body = p.parseBodyTo("endblock")
	if s.Required {
		for _, child := range s.Body {
			if d, ok := child.(*Data); !ok || strings.TrimLeftFunc(d.Text, python.IsSpace) != "" {
				p.fail("Required blocks can only contain comments or whitespace")
			}
		}
	}
	p.acceptName(s.Name)
	return s
}

// parseContext reads "with context" or "without context" after an include or import.
func (p *parser) parseContext(byDefault bool) bool {
	if (p.cur().isName("with") || p.cur().isName("without")) && p.look().isName("context") {
		with := p.next().val == "with"
		p.next()
		return with
	}
	return byDefault
}

func (p *parser) parseInclude() Node {
	s := &Include{Line: p.next().line}
	s.Template = p.parseExpr()
	if p.cur().isName("ignore") && p.look().isName("missing") {
		p.next()
		p.next()
		s.IgnoreMissing = true
	}
	s.WithContext = p.parseContext(true)
	return s
}

func (p *parser) parseImport() Node {
	s := &Import{Line: p.next().line}
	s.Template = p.parseExpr()
	p.expectName("as")
	s.As = []Target{p.parseNameTarget()}
	s.WithContext = p.parseContext(false)
	return s
}

func (p *parser) parseFrom() Node {
	s := &Import{Names: []string{}, Line: p.next().line}
	s.Template = p.parseExpr()
	p.expectName("import")
	for {
		if len(s.Names) > 0 {
			p.expect(tComma)
		}
		if p.cur().kind != tName {
			p.expect(tName)
		}
		if p.isContext() {
			break
		}
		name := p.parseNameTarget()
		if strings.HasPrefix(name.Name, "_") {
			panic(&python.Error{Kind: python.AssertionError, Template: p.name, Line: name.Line, Msg: "names starting with an underline can not be imported"})
		}
		s.Names = append(s.Names, name.Name)
		if p.acceptName("as") {
			name = p.parseNameTarget()
		}
		s.As = append(s.As, name)
		if p.isContext() || p.cur().kind != tComma {
			break
		}
	}
	s.WithContext = p.parseContext(false)
	return s
}

func (p *parser) isContext() bool {
	return (p.cur().isName("with") || p.cur().isName("without")) && p.look().isName("context")
}

func (p *parser) parseSignature(sig *Function) {
	p.expect(tLParen)
	for p.cur().kind != tRParen {
		if len(sig.Params) > 0 {
			p.expect(tComma)
		}
		param := p.parseNameTarget()
		for _, other := range sig.Params {
			if other.Name == param.Name {
				p.failAt(param.Line, "duplicate argument %s", python.Quote(param.Name))
			}
		}
		if p.accept(tAssign) {
			sig.Defaults = append(sig.Defaults, p.parseExpr())
		} else if len(sig.Defaults) > 0 {
			p.fail("non-default argument follows default argument")
		}
		sig.Params = append(sig.Params, param)
		if len(sig.Params) > maxArguments {
			p.fail("more than %d parameters", maxArguments)
		}
	}
	p.expect(tRParen)
}

func (p *parser) parseMacro() Node {
	s := &Macro{Line: p.next().line}
	s.Store = p.parseNameTarget()
	p.parseSignature(&s.Function)
	s.Body = p.parseBodyTo("endmacro")
	return s
}

func (p *parser) parseCallBlock() Node {
	s := &CallBlock{Line: p.next().line}
	if p.cur().kind == tLParen {
		p.parseSignature(&s.Function)
	}
	call, ok := p.parseExpr().(*Call)
	if !ok {
		p.failAt(s.Line, "expected call")
	}
	s.Call = call
	s.Body = p.parseBodyTo("endcall")
	return s
}

func (p *parser) parseNameTarget() Target {
	t := p.expect(tName)
	p.checkAssignable(t.val, t.line)
	return Target{Name: t.val, Line: t.line}
}

func (p *parser) checkAssignable(name string, line int) {
	switch name {
	case "true", "false", "none", "True", "False", "None":
		p.failAt(line, "can't assign to 'name'")
	}
}

// parseTarget reads the left side of an assignment: names, tuples of names and, if namespace is set,
// attributes of namespaces. In parentheses only names can be assigned.
func (p *parser) parseTarget(namespace bool) *Target {
	line := p.cur().line
	return p.toTarget(p.parseTuple(tupleOptions{simplified: true, namespace: namespace}), line)
}

func (p *parser) parseTargetItem(namespace bool) Node {
	e := p.parsePrimary()
	name, ok := e.(*Name)
	if !ok || !namespace || !p.accept(tDot) {
		return e
	}
	attr := p.expect(tName)
	return &Target{Name: name.Name, Attr: attr.val, Line: name.Line}
}

// toTarget makes a target of what was read as an expression.
func (p *parser) toTarget(e Node, line int) *Target {
	kind := "const"
	switch e := e.(type) {
	case *Name:
		return &Target{Name: e.Name, Line: e.Line}
	case *Target:
		return e
	case *List:
		if !e.Tuple {
			kind = "list"
			break
		}
		t := &Target{Line: line}
		for _, item := range e.Items {
			t.Items = append(t.Items, p.toTarget(item, line))
		}
		return t
	case *Dict:
		kind = "dict"
	case *Call:
		kind = "call"
	case *Filter:
		kind = "filter"
	}
	p.failAt(line, "can't assign to '%s'", kind)
	return nil
}
