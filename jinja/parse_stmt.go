package jinja

import (
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

func (p *parser) parseSet() stmt {
	line := p.next().line
	tgt := p.parseTarget(true)
	if p.accept(tAssign) {
		return &setStmt{target: tgt, value: p.parseTuple(tupleOptions{cond: true}), line: line}
	}
	filter := p.parseFilter(nil, false)
	return &captureStmt{target: tgt, filter: filter, body: p.parseBodyTo("endset"), line: line}
}

func (p *parser) parseFor() stmt {
	s := &forStmt{line: p.expectName("for").line}
	s.target = p.parseTarget(false)
	p.expectName("in")
	s.iter = p.parseTuple(tupleOptions{})
	if p.acceptName("if") {
		s.test = p.parseExpr()
	}
	s.recursive = p.acceptName("recursive")
	s.body = p.parseBody("endfor", "else")
	if p.next().val == "else" {
		s.otherwise = p.parseBodyTo("endfor")
	}
	return s
}

func (p *parser) parseIf() stmt {
	s := &ifStmt{}
	p.expectName("if")
	for {
		s.lines = append(s.lines, p.cur().line)
		s.tests = append(s.tests, p.parseTuple(tupleOptions{}))
		s.bodies = append(s.bodies, p.parseBody("elif", "else", "endif"))
		switch p.next().val {
		case "elif":
			continue
		case "else":
			s.otherwise = p.parseBodyTo("endif")
		}
		return s
	}
}

func (p *parser) parseWith() stmt {
	s := &withStmt{line: p.next().line}
	for p.cur().kind != tBlockEnd {
		if len(s.targets) > 0 {
			p.expect(tComma)
		}
		s.targets = append(s.targets, p.parseTarget(false))
		p.expect(tAssign)
		s.values = append(s.values, p.parseExpr())
	}
	s.body = p.parseBodyTo("endwith")
	return s
}

func (p *parser) parseBlock() stmt {
	s := &blockStmt{line: p.next().line}
	p.blocks = append(p.blocks, s)
	s.name = p.expect(tName).val
	s.scoped = p.acceptName("scoped")
	s.required = p.acceptName("required")
	if p.cur().kind == tSub {
		p.fail("Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.")
	}
	s.body = p.parseBodyTo("endblock")
	if s.required {
		for _, child := range s.body {
			if d, ok := child.(*dataStmt); !ok || strings.TrimLeftFunc(d.text, python.IsSpace) != "" {
				p.fail("Required blocks can only contain comments or whitespace")
			}
		}
	}
	p.acceptName(s.name)
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

func (p *parser) parseInclude() stmt {
	s := &includeStmt{line: p.next().line}
	s.template = p.parseExpr()
	if p.cur().isName("ignore") && p.look().isName("missing") {
		p.next()
		p.next()
		s.ignoreMissing = true
	}
	s.withContext = p.parseContext(true)
	return s
}

func (p *parser) parseImport() stmt {
	s := &importStmt{line: p.next().line}
	s.template = p.parseExpr()
	p.expectName("as")
	s.as = []target{p.parseNameTarget()}
	s.withContext = p.parseContext(false)
	return s
}

func (p *parser) parseFrom() stmt {
	s := &importStmt{names: []string{}, line: p.next().line}
	s.template = p.parseExpr()
	p.expectName("import")
	for {
		if len(s.names) > 0 {
			p.expect(tComma)
		}
		if p.cur().kind != tName {
			p.expect(tName)
		}
		if p.isContext() {
			break
		}
		name := p.parseNameTarget()
		if strings.HasPrefix(name.name, "_") {
			panic(&python.Error{Kind: python.AssertionError, Template: p.name, Line: name.line, Msg: "names starting with an underline can not be imported"})
		}
		s.names = append(s.names, name.name)
		if p.acceptName("as") {
			name = p.parseNameTarget()
		}
		s.as = append(s.as, name)
		if p.isContext() || p.cur().kind != tComma {
			break
		}
	}
	s.withContext = p.parseContext(false)
	return s
}

func (p *parser) isContext() bool {
	return (p.cur().isName("with") || p.cur().isName("without")) && p.look().isName("context")
}

func (p *parser) parseSignature(sig *function) {
	p.expect(tLParen)
	for p.cur().kind != tRParen {
		if len(sig.params) > 0 {
			p.expect(tComma)
		}
		param := p.parseNameTarget()
		for _, other := range sig.params {
			if other.name == param.name {
				p.failAt(param.line, "duplicate argument %s", python.Quote(param.name))
			}
		}
		if p.accept(tAssign) {
			sig.defaults = append(sig.defaults, p.parseExpr())
		} else if len(sig.defaults) > 0 {
			p.fail("non-default argument follows default argument")
		}
		sig.params = append(sig.params, param)
		if len(sig.params) > maxArguments {
			p.fail("more than %d parameters", maxArguments)
		}
	}
	p.expect(tRParen)
}

func (p *parser) parseMacro() stmt {
	s := &macroStmt{line: p.next().line}
	s.store = p.parseNameTarget()
	p.parseSignature(&s.function)
	s.body = p.parseBodyTo("endmacro")
	return s
}

func (p *parser) parseCallBlock() stmt {
	s := &callStmt{line: p.next().line}
	if p.cur().kind == tLParen {
		p.parseSignature(&s.function)
	}
	call, ok := p.parseExpr().(*callExpr)
	if !ok {
		p.failAt(s.line, "expected call")
	}
	s.call = call
	s.body = p.parseBodyTo("endcall")
	return s
}

func (p *parser) parseNameTarget() target {
	t := p.expect(tName)
	p.checkAssignable(t.val, t.line)
	return target{name: t.val, line: t.line}
}

func (p *parser) checkAssignable(name string, line int) {
	switch name {
	case "true", "false", "none", "True", "False", "None":
		p.failAt(line, "can't assign to 'name'")
	}
}

// parseTarget reads the left side of an assignment: names, tuples of names and, if namespace is set,
// attributes of namespaces. In parentheses only names can be assigned.
func (p *parser) parseTarget(namespace bool) *target {
	line := p.cur().line
	return p.toTarget(p.parseTuple(tupleOptions{simplified: true, namespace: namespace}), line)
}

func (p *parser) parseTargetItem(namespace bool) expr {
	e := p.parsePrimary()
	name, ok := e.(*nameExpr)
	if !ok || !namespace || !p.accept(tDot) {
		return e
	}
	attr := p.expect(tName)
	return &target{name: name.name, attr: attr.val, line: name.line}
}

// toTarget makes a target of what was read as an expression.
func (p *parser) toTarget(e expr, line int) *target {
	kind := "const"
	switch e := e.(type) {
	case *nameExpr:
		return &target{name: e.name, line: e.line}
	case *target:
		return e
	case *listExpr:
		if !e.tuple {
			kind = "list"
			break
		}
		t := &target{line: line}
		for _, item := range e.items {
			t.items = append(t.items, p.toTarget(item, line))
		}
		return t
	case *dictExpr:
		kind = "dict"
	case *callExpr:
		kind = "call"
	case *filterExpr:
		kind = "filter"
	}
	p.failAt(line, "can't assign to '%s'", kind)
	return nil
}
