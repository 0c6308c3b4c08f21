package syntax

import (
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

type tupleOptions struct {
	simplified bool // names and literals only
	namespace  bool // of those, attributes of names too: targets of an assignment
	cond       bool // inline if is allowed
	explicit   bool // in parentheses, may be empty
}

// grow records that an expression was made above ones of the given height.
func (p *parser) grow(heights ...int) {
	h := 0
	for _, x := range heights {
		h = max(h, x)
	}
	p.height = h + 1
	if p.height > maxHeight {
		p.fail("expression is too long")
	}
}

func (p *parser) parseTuple(o tupleOptions) Node {
	p.enter()
	defer p.leave()
	var items []Node
	isTuple := false
	highest := 0
	for {
		if len(items) > 0 {
			p.expect(tComma)
		}
		if k := p.cur().kind; k == tVarEnd || k == tBlockEnd || k == tRParen {
			break
		}
		switch {
		case o.simplified:
			items = append(items, p.parseTargetItem(o.namespace))
		case o.cond:
			items = append(items, p.parseExpr())
		default:
			items = append(items, p.parseOr())
		}
		highest = max(highest, p.height)
		if p.cur().kind != tComma {
			break
		}
		isTuple = true
	}
	if !isTuple {
		if len(items) > 0 {
			return items[0]
		}
		if !o.explicit {
			p.fail("Expected an expression, got %s", python.Quote(p.cur().describe()))
		}
	}
	p.grow(highest)
	return &List{Items: items, Tuple: true}
}

func (p *parser) parseExpr() Node {
	p.enter()
	defer p.leave()
	line := p.cur().line
	e := p.parseOr()
	for p.acceptName("if") {
		h := p.height
		test := p.parseOr()
		h = max(h, p.height)
		var otherwise Node
		if p.acceptName("else") {
			otherwise = p.parseExpr()
			h = max(h, p.height)
		}
		e = &Cond{Test: test, Then: e, Otherwise: otherwise, Line: line}
		p.grow(h)
		line = p.cur().line
	}
	return e
}

func (p *parser) parseOr() Node {
	left := p.parseAnd()
	for p.acceptName("or") {
		h := p.height
		left = &Logic{Or: true, Left: left, Right: p.parseAnd()}
		p.grow(h, p.height)
	}
	return left
}

func (p *parser) parseAnd() Node {
	left := p.parseNot()
	for p.acceptName("and") {
		h := p.height
		left = &Logic{Left: left, Right: p.parseNot()}
		p.grow(h, p.height)
	}
	return left
}

func (p *parser) parseNot() Node {
	if p.acceptName("not") {
		p.enter()
		defer p.leave()
		e := &Unary{Op: "not", Value: p.parseNot()}
		p.grow(p.height)
		return e
	}
	return p.parseCompare()
}

func (p *parser) parseCompare() Node {
	line := p.cur().line
	first := p.parseSum()
	h := p.height
	e := &Compare{Line: line}
	for {
		t := p.cur()
		var op string
		if t.kind >= tEq && t.kind <= tLe {
			op = kindNames[t.kind]
		} else if t.isName("in") {
			op = "in"
		} else if t.isName("not") && p.look().isName("in") {
			p.next()
			op = "not in"
		} else {
			break
		}
		p.next()
		e.Ops, e.Rest = append(e.Ops, op), append(e.Rest, p.parseSum())
		h = max(h, p.height)
	}
	if len(e.Ops) == 0 {
		return first
	}
	p.grow(h)
	e.First = first
	return e
}

func (p *parser) parseSum() Node {
	line := p.cur().line
	left := p.parseConcat()
	for p.cur().kind == tAdd || p.cur().kind == tSub {
		h := p.height
		op := kindNames[p.next().kind]
		left = &Binary{Op: op, Left: left, Right: p.parseConcat(), Line: line}
		p.grow(h, p.height)
		line = p.cur().line
	}
	return left
}

func (p *parser) parseConcat() Node {
	line := p.cur().line
	first := p.parseProduct()
	if p.cur().kind != tTilde {
		return first
	}
	h := p.height
	parts := []Node{first}
	for p.accept(tTilde) {
		parts = append(parts, p.parseProduct())
		h = max(h, p.height)
	}
	p.grow(h)
	return &Concat{Parts: parts, Line: line}
}

func (p *parser) parseProduct() Node {
	line := p.cur().line
	left := p.parsePower()
	for k := p.cur().kind; k >= tMul && k <= tMod; k = p.cur().kind {
		h := p.height
		p.next()
		left = &Binary{Op: kindNames[k], Left: left, Right: p.parsePower(), Line: line}
		p.grow(h, p.height)
		line = p.cur().line
	}
	return left
}

func (p *parser) parsePower() Node {
	line := p.cur().line
	left := p.parseUnary(true)
	for p.accept(tPow) {
		h := p.height
		left = &Binary{Op: "**", Left: left, Right: p.parseUnary(true), Line: line}
		p.grow(h, p.height)
		line = p.cur().line
	}
	return left
}

func (p *parser) parseUnary(withFilter bool) Node {
	var e Node
	t := p.cur()
	if t.kind == tSub || t.kind == tAdd {
		p.enter()
		p.next()
		e = &Unary{Op: kindNames[t.kind], Value: p.parseUnary(false), Line: t.line}
		p.grow(p.height)
		p.leave()
	} else {
		e = p.parsePrimary()
	}
	e = p.parsePostfix(e)
	if withFilter {
		e = p.parseFilterExpr(e)
	}
	return e
}

func (p *parser) parsePrimary() Node {
	t := p.cur()
	p.height = 1
	switch t.kind {
	case tName:
		p.next()
		switch t.val {
		case "true", "True":
			return &Const{true}
		case "false", "False":
			return &Const{false}
		case "none", "None":
			return &Const{python.None}
		}
		return &Name{Name: t.val, Line: t.line}
	case tString:
		p.next()
		if p.cur().kind != tString {
			return &Const{t.val}
		}
		var b strings.Builder
		b.WriteString(t.val)
		for p.cur().kind == tString {
			b.WriteString(p.next().val)
		}
		return &Const{b.String()}
	case tInteger, tFloat:
		p.next()
		return &Const{t.num}
	case tLParen:
		p.next()
		e := p.parseTuple(tupleOptions{cond: true, explicit: true})
		p.expect(tRParen)
		return e
	case tLBracket:
		return p.parseList()
	case tLBrace:
		return p.parseDict()
	}
	p.fail("unexpected %s", python.Quote(t.describe()))
	return nil
}

func (p *parser) parseList() Node {
	p.expect(tLBracket)
	e := &List{}
	h := 0
	for p.cur().kind != tRBracket {
		if len(e.Items) > 0 {
			p.expect(tComma)
		}
		if p.cur().kind == tRBracket {
			break
		}
		e.Items = append(e.Items, p.parseExpr())
		h = max(h, p.height)
	}
	p.expect(tRBracket)
	p.grow(h)
	return e
}

func (p *parser) parseDict() Node {
	e := &Dict{Line: p.expect(tLBrace).line}
	h := 0
	for p.cur().kind != tRBrace {
		if len(e.Keys) > 0 {
			p.expect(tComma)
		}
		if p.cur().kind == tRBrace {
			break
		}
		e.Keys = append(e.Keys, p.parseExpr())
		h = max(h, p.height)
		p.expect(tColon)
		e.Values = append(e.Values, p.parseExpr())
		h = max(h, p.height)
	}
	p.expect(tRBrace)
	p.grow(h)
	return e
}
