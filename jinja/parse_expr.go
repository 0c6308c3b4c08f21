package jinja

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

func (p *parser) parseTuple(o tupleOptions) expr {
	p.enter()
	defer p.leave()
	var items []expr
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
	return &listExpr{items: items, tuple: true}
}

func (p *parser) parseExpr() expr {
	p.enter()
	defer p.leave()
	line := p.cur().line
	e := p.parseOr()
	for p.acceptName("if") {
		h := p.height
		test := p.parseOr()
		h = max(h, p.height)
		var otherwise expr
		if p.acceptName("else") {
			otherwise = p.parseExpr()
			h = max(h, p.height)
		}
		e = &condExpr{test: test, then: e, otherwise: otherwise, line: line}
		p.grow(h)
		line = p.cur().line
	}
	return e
}

func (p *parser) parseOr() expr {
	left := p.parseAnd()
	for p.acceptName("or") {
		h := p.height
		left = &logicExpr{or: true, left: left, right: p.parseAnd()}
		p.grow(h, p.height)
	}
	return left
}

func (p *parser) parseAnd() expr {
	left := p.parseNot()
	for p.acceptName("and") {
		h := p.height
		left = &logicExpr{left: left, right: p.parseNot()}
		p.grow(h, p.height)
	}
	return left
}

func (p *parser) parseNot() expr {
	if p.acceptName("not") {
		p.enter()
		defer p.leave()
		e := &unaryExpr{op: "not", value: p.parseNot()}
		p.grow(p.height)
		return e
	}
	return p.parseCompare()
}

func (p *parser) parseCompare() expr {
	line := p.cur().line
	first := p.parseSum()
	h := p.height
	e := &compareExpr{line: line}
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
		e.ops, e.rest = append(e.ops, op), append(e.rest, p.parseSum())
		h = max(h, p.height)
	}
	if len(e.ops) == 0 {
		return first
	}
	p.grow(h)
	e.first = first
	return e
}

func (p *parser) parseSum() expr {
	line := p.cur().line
	left := p.parseConcat()
	for p.cur().kind == tAdd || p.cur().kind == tSub {
		h := p.height
		op := kindNames[p.next().kind]
		left = &binExpr{op: op, left: left, right: p.parseConcat(), line: line}
		p.grow(h, p.height)
		line = p.cur().line
	}
	return left
}

func (p *parser) parseConcat() expr {
	line := p.cur().line
	first := p.parseProduct()
	if p.cur().kind != tTilde {
		return first
	}
	h := p.height
	parts := []expr{first}
	for p.accept(tTilde) {
		parts = append(parts, p.parseProduct())
		h = max(h, p.height)
	}
	p.grow(h)
	return &catExpr{parts: parts, line: line}
}

func (p *parser) parseProduct() expr {
	line := p.cur().line
	left := p.parsePower()
	for k := p.cur().kind; k >= tMul && k <= tMod; k = p.cur().kind {
		h := p.height
		p.next()
		left = &binExpr{op: kindNames[k], left: left, right: p.parsePower(), line: line}
		p.grow(h, p.height)
		line = p.cur().line
	}
	return left
}

func (p *parser) parsePower() expr {
	line := p.cur().line
	left := p.parseUnary(true)
	for p.accept(tPow) {
		h := p.height
		left = &binExpr{op: "**", left: left, right: p.parseUnary(true), line: line}
		p.grow(h, p.height)
		line = p.cur().line
	}
	return left
}

func (p *parser) parseUnary(withFilter bool) expr {
	var e expr
	t := p.cur()
	if t.kind == tSub || t.kind == tAdd {
		p.enter()
		p.next()
		e = &unaryExpr{op: kindNames[t.kind], value: p.parseUnary(false), line: t.line}
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

func (p *parser) parsePrimary() expr {
	t := p.cur()
	p.height = 1
	switch t.kind {
	case tName:
		p.next()
		switch t.val {
		case "true", "True":
			return &constExpr{true}
		case "false", "False":
			return &constExpr{false}
		case "none", "None":
			return &constExpr{python.None}
		}
		return &nameExpr{name: t.val, line: t.line}
	case tString:
		p.next()
		if p.cur().kind != tString {
			return &constExpr{t.val}
		}
		var b strings.Builder
		b.WriteString(t.val)
		for p.cur().kind == tString {
			b.WriteString(p.next().val)
		}
		return &constExpr{b.String()}
	case tInteger, tFloat:
		p.next()
		return &constExpr{t.num}
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

func (p *parser) parseList() expr {
	p.expect(tLBracket)
	e := &listExpr{}
	h := 0
	for p.cur().kind != tRBracket {
		if len(e.items) > 0 {
			p.expect(tComma)
		}
		if p.cur().kind == tRBracket {
			break
		}
		e.items = append(e.items, p.parseExpr())
		h = max(h, p.height)
	}
	p.expect(tRBracket)
	p.grow(h)
	return e
}

func (p *parser) parseDict() expr {
	e := &dictExpr{line: p.expect(tLBrace).line}
	h := 0
	for p.cur().kind != tRBrace {
		if len(e.keys) > 0 {
			p.expect(tComma)
		}
		if p.cur().kind == tRBrace {
			break
		}
		e.keys = append(e.keys, p.parseExpr())
		h = max(h, p.height)
		p.expect(tColon)
		e.values = append(e.values, p.parseExpr())
		h = max(h, p.height)
	}
	p.expect(tRBrace)
	p.grow(h)
	return e
}
