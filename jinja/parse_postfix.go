package jinja

import "slices"

func (p *parser) parsePostfix(e expr) expr {
	for {
		switch p.cur().kind {
		case tDot, tLBracket:
			e = p.parseSubscript(e)
		case tLParen:
			e = p.parseCall(e)
		default:
			return e
		}
	}
}

func (p *parser) parseFilterExpr(e expr) expr {
	for {
		t := p.cur()
		switch {
		case t.kind == tPipe:
			e = p.parseFilter(e, false)
		case t.isName("is"):
			e = p.parseTest(e)
		case t.kind == tLParen:
			e = p.parseCall(e)
		default:
			return e
		}
	}
}

func (p *parser) parseSubscript(obj expr) expr {
	h := p.height
	t := p.next()
	if t.kind == tDot {
		attr := p.next()
		p.grow(h)
		switch attr.kind {
		case tName:
			return &attrExpr{obj: obj, name: attr.val, line: t.line}
		case tInteger:
			return &itemExpr{obj: obj, key: &constExpr{attr.num}, line: t.line}
		}
		p.failAt(attr.line, "expected name or number")
	}
	var keys []expr
	for p.cur().kind != tRBracket {
		if len(keys) > 0 {
			p.expect(tComma)
		}
		keys = append(keys, p.parseSubscribed())
		h = max(h, p.height)
	}
	p.expect(tRBracket)
	p.grow(h)
	if len(keys) == 1 {
		if s, ok := keys[0].(*sliceExpr); ok {
			s.obj, s.line = obj, t.line
			return s
		}
		return &itemExpr{obj: obj, key: keys[0], line: t.line}
	}
	return &itemExpr{obj: obj, key: &listExpr{items: keys, tuple: true}, line: t.line}
}

// parseSubscribed reads one subscript: an expression or a slice.
func (p *parser) parseSubscribed() expr {
	s := &sliceExpr{line: p.cur().line}
	h := 0
	part := func() expr {
		e := p.parseExpr()
		h = max(h, p.height)
		return e
	}
	if p.cur().kind != tColon {
		first := part()
		if p.cur().kind != tColon {
			return first
		}
		s.start = first
	}
	p.next()
	ends := func() bool { return p.cur().kind == tRBracket || p.cur().kind == tComma }
	if p.cur().kind != tColon && !ends() {
		s.stop = part()
	}
	if p.accept(tColon) && !ends() {
		s.step = part()
	}
	p.grow(h)
	return s
}

func (p *parser) parseCallArgs() argList {
	line := p.expect(tLParen).line
	a := argList{isPresent: true}
	h := p.height
	check := func(ok bool) {
		if !ok {
			p.failAt(line, "invalid syntax for function call expression")
		}
	}
	for comma := false; p.cur().kind != tRParen; comma = true {
		if comma {
			p.expect(tComma)
			if p.cur().kind == tRParen {
				break
			}
		}
		switch {
		case p.cur().kind == tMul:
			check(a.star == nil && a.starStar == nil)
			p.next()
			a.star = p.parseExpr()
		case p.cur().kind == tPow:
			check(a.starStar == nil)
			p.next()
			a.starStar = p.parseExpr()
		case p.cur().kind == tName && p.look().kind == tAssign:
			check(a.starStar == nil)
			a.names = append(a.names, p.next().val)
			p.next()
			a.named = append(a.named, p.parseExpr())
		default:
			check(a.star == nil && a.starStar == nil && len(a.names) == 0)
			a.pos = append(a.pos, p.parseExpr())
		}
		h = max(h, p.height)
	}
	p.expect(tRParen)
	p.grow(h)
	if len(a.pos)+len(a.names) > maxArguments {
		p.failAt(line, "more than %d arguments", maxArguments)
	}
	for i, name := range a.names {
		if slices.Contains(a.names[:i], name) {
			p.failAt(line, "keyword argument repeated: %s", name)
		}
	}
	return a
}

func (p *parser) parseCall(callee expr) expr {
	line := p.cur().line
	return &callExpr{callee: callee, line: line, args: p.parseCallArgs()}
}

// parseFilter reads a chain of filters; inline means that the first has no bar.
func (p *parser) parseFilter(value expr, inline bool) expr {
	for p.cur().kind == tPipe || inline {
		if !inline {
			p.next()
		}
		inline = false
		t := p.expect(tName)
		name := p.dottedName(t.val)
		f := &filterExpr{value: value, name: name, line: t.line}
		if p.cur().kind == tLParen {
			f.args = p.parseCallArgs()
		} else {
			p.grow(p.height)
		}
		value = f
	}
	return value
}

func (p *parser) dottedName(name string) string {
	for p.accept(tDot) {
		name += "." + p.expect(tName).val
	}
	return name
}

func (p *parser) parseTest(value expr) expr {
	line := p.next().line
	negated := p.acceptName("not")
	h := p.height
	name := p.dottedName(p.expect(tName).val)
	t := &testExpr{value: value, name: name, line: line}
	switch c := p.cur(); c.kind {
	case tLParen:
		t.args = p.parseCallArgs()
		h = max(h, p.height)
	case tName, tString, tInteger, tFloat, tLBracket, tLBrace:
		if c.isName("else") || c.isName("or") || c.isName("and") {
			break
		}
		if c.isName("is") {
			p.fail("You cannot chain multiple tests with is")
		}
		t.args.pos = []expr{p.parsePostfix(p.parsePrimary())}
		h = max(h, p.height)
	}
	p.grow(h)
	if negated {
		return &unaryExpr{op: "not", value: t}
	}
	return t
}
