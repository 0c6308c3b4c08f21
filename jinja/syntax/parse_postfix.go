package syntax

import "slices"

func (p *parser) parsePostfix(e Node) Node {
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

func (p *parser) parseFilterExpr(e Node) Node {
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

func (p *parser) parseSubscript(obj Node) Node {
	h := p.height
	t := p.next()
	if t.kind == tDot {
		attr := p.next()
		p.grow(h)
		switch attr.kind {
		case tName:
			return &Attr{Obj: obj, Name: attr.val, Line: t.line}
		case tInteger:
			return &Item{Obj: obj, Key: &Const{attr.num}, Line: t.line}
		}
		p.failAt(attr.line, "expected name or number")
	}
	var keys []Node
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
		if s, ok := keys[0].(*Slice); ok {
			s.Obj, s.Line = obj, t.line
			return s
		}
		return &Item{Obj: obj, Key: keys[0], Line: t.line}
	}
	return &Item{Obj: obj, Key: &List{Items: keys, Tuple: true}, Line: t.line}
}

// parseSubscribed reads one subscript: an expression or a slice.
func (p *parser) parseSubscribed() Node {
	s := &Slice{Line: p.cur().line}
	h := 0
	part := func() Node {
		e := p.parseExpr()
		h = max(h, p.height)
		return e
	}
	if p.cur().kind != tColon {
		first := part()
		if p.cur().kind != tColon {
			return first
		}
		s.Start = first
	}
	p.next()
	ends := func() bool { return p.cur().kind == tRBracket || p.cur().kind == tComma }
	if p.cur().kind != tColon && !ends() {
		s.Stop = part()
	}
	if p.accept(tColon) && !ends() {
		s.Step = part()
	}
	p.grow(h)
	return s
}

func (p *parser) parseCallArgs() Args {
	line := p.expect(tLParen).line
	a := Args{}
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
			check(a.Star == nil && a.StarStar == nil)
			p.next()
			a.Star = p.parseExpr()
		case p.cur().kind == tPow:
			check(a.StarStar == nil)
			p.next()
			a.StarStar = p.parseExpr()
		case p.cur().kind == tName && p.look().kind == tAssign:
			check(a.StarStar == nil)
			a.Names = append(a.Names, p.next().val)
			p.next()
			a.Named = append(a.Named, p.parseExpr())
		default:
			check(a.Star == nil && a.StarStar == nil && len(a.Names) == 0)
			a.Pos = append(a.Pos, p.parseExpr())
		}
		h = max(h, p.height)
	}
	p.expect(tRParen)
	p.grow(h)
	if len(a.Pos)+len(a.Names) > maxArguments {
		p.failAt(line, "more than %d arguments", maxArguments)
	}
	for i, name := range a.Names {
		if slices.Contains(a.Names[:i], name) {
			p.failAt(line, "keyword argument repeated: %s", name)
		}
	}
	return a
}

func (p *parser) parseCall(callee Node) Node {
	line := p.cur().line
	return &Call{Callee: callee, Line: line, Args: p.parseCallArgs()}
}

// parseFilter reads a chain of filters; inline means that the first has no bar.
func (p *parser) parseFilter(value Node, inline bool) Node {
	for p.cur().kind == tPipe || inline {
		if !inline {
			p.next()
		}
		inline = false
		t := p.expect(tName)
		name := p.dottedName(t.val)
		f := &Filter{Value: value, Name: name, Line: t.line}
		if p.cur().kind == tLParen {
			f.Args = p.parseCallArgs()
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

func (p *parser) parseTest(value Node) Node {
	line := p.next().line
	negated := p.acceptName("not")
	h := p.height
	name := p.dottedName(p.expect(tName).val)
	t := &Test{Value: value, Name: name, Line: line}
	switch c := p.cur(); c.kind {
	case tLParen:
		t.Args = p.parseCallArgs()
		h = max(h, p.height)
	case tName, tString, tInteger, tFloat, tLBracket, tLBrace:
		if c.isName("else") || c.isName("or") || c.isName("and") {
			break
		}
		if c.isName("is") {
			p.fail("You cannot chain multiple tests with is")
		}
		t.Args.Pos = []Node{p.parsePostfix(p.parsePrimary())}
		h = max(h, p.height)
	}
	p.grow(h)
	if negated {
		return &Unary{Op: "not", Value: t}
	}
	return t
}
