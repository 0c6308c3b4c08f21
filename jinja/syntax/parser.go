package syntax

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// Bounds of a template's nesting, so that no walk over the tree exhausts the
// stack. Python's own recursion limit is reached earlier.
const (
	maxNesting = 400
	maxHeight  = 1200

	maxArguments = 255 // of a call, and parameters of a macro
)

// parser makes the tree of one template by recursive descent.
type parser struct {
	*Grammar
	name string
	toks []token
	pos  int

	depth    int        // nesting of parse functions
	tags     []string   // open statements, innermost last
	endStack [][]string // the tags that would close or continue them
	height   int        // of the expression parsed last

	blocks  []*Block // all, in the order of their tags
	extends bool     // there is an extends somewhere
}

func (p *parser) cur() *token { return &p.toks[p.pos] }

func (p *parser) look() *token { return &p.toks[min(p.pos+1, len(p.toks)-1)] }

func (p *parser) next() *token {
	t := &p.toks[p.pos]
	if p.pos < len(p.toks)-1 {
		p.pos++
	}
	return t
}

func (p *parser) failAt(line int, format string, args ...any) {
	panic(&python.Error{Kind: python.SyntaxError, Template: p.name, Line: line, Msg: fmt.Sprintf(format, args...)})
}

func (p *parser) fail(format string, args ...any) { p.failAt(p.cur().line, format, args...) }

func (p *parser) accept(k kind) bool {
	if p.cur().kind != k {
		return false
	}
	p.next()
	return true
}

func (p *parser) acceptName(name string) bool {
	if !p.cur().isName(name) {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(k kind) *token {
	if p.cur().kind != k {
		p.expected(kindNames[k])
	}
	return p.next()
}

func (p *parser) expectName(name string) *token {
	if !p.cur().isName(name) {
		p.expected(name)
	}
	return p.next()
}

func (p *parser) expected(what string) {
	if p.cur().kind == tEOF {
		p.fail("unexpected end of template, expected %s.", python.Quote(what))
	}
	p.fail("expected token %s, got %s", python.Quote(what), python.Quote(p.cur().describe()))
}

func (p *parser) enter() {
	p.depth++
	if p.depth > maxNesting {
		p.fail("template is nested too deeply")
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) parseTemplate() []Node {
	return p.subparse(nil)
}

// subparse reads statements up to one of the end tags, which stays current.
func (p *parser) subparse(end []string) []Node {
	p.enter()
	defer p.leave()
	var body []Node
	if end != nil {
		p.endStack = append(p.endStack, end)
		defer func() { p.endStack = p.endStack[:len(p.endStack)-1] }()
	}
	for {
		t := p.cur()
		switch t.kind {
		case tEOF:
			return body
		case tData:
			body = append(body, &Data{Text: t.val, Line: t.line})
			p.next()
		case tVarBegin:
			p.next()
			line := p.cur().line
			value := p.parseTuple(tupleOptions{cond: true})
			body = append(body, &Output{Value: value, Line: line})
			p.expect(tVarEnd)
		default: // tBlockBegin, the lexer makes nothing else here
			p.next()
			if p.cur().kind == tName && slices.Contains(end, p.cur().val) {
				return body
			}
			body = p.parseStatement(body)
			p.expect(tBlockEnd)
		}
	}
}

// parseBody reads the body of a statement; the end tag is current afterwards.
func (p *parser) parseBody(end ...string) []Node {
	p.accept(tColon)
	p.expect(tBlockEnd)
	body := p.subparse(end)
	if p.cur().kind == tEOF {
		p.failEnd("", append(slices.Clone(p.endStack), end))
	}
	return body
}

// parseBodyTo is parseBody that also skips the one possible end tag.
func (p *parser) parseBodyTo(end string) []Node {
	body := p.parseBody(end)
	p.next()
	return body
}

var statementTags = []string{"for", "if", "block", "extends", "print", "macro", "include", "from", "import",
	"set", "with", "autoescape", "call", "filter", "do"}

// failEnd reports an unknown tag, or the end of the template if tag is "".
func (p *parser) failEnd(tag string, ends [][]string) {
	msg := "Unexpected end of template."
	if tag != "" {
		msg = "Encountered unknown tag " + python.Quote(tag) + "."
	}
	hint := ""
	if len(ends) > 0 {
		var names []string
		known := false
		for _, e := range ends {
			known = known || slices.Contains(e, tag)
		}
		for _, e := range ends[len(ends)-1] {
			names = append(names, python.Quote(e))
		}
		looking := strings.Join(names, " or ")
		if known {
			msg += " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for " + looking + "."
		} else {
			msg += " Jinja was looking for the following tags: " + looking + "."
		}
	}
	if len(p.tags) > 0 {
		msg += " The innermost block that needs to be closed is " + python.Quote(p.tags[len(p.tags)-1]) + "."
	}
	if tag != "" {
		known := slices.Clone(statementTags)
		if len(ends) > 0 {
			known = append(known, ends[len(ends)-1]...)
		}
		hint = python.DidYouMean(tag, known)
	}
	panic(&python.Error{Kind: python.SyntaxError, Template: p.name, Line: p.cur().line, Msg: msg, Hint: hint})
}

func (p *parser) parseStatement(body []Node) []Node {
	t := p.cur()
	if t.kind != tName {
		p.fail("tag name expected")
	}
	p.tags = append(p.tags, t.val)
	open := len(p.tags) - 1
	defer func() { p.tags = p.tags[:open] }()
	switch t.val {
	case "print":
		return p.parsePrint(body)
	case "for":
		return append(body, p.parseFor())
	case "if":
		return append(body, p.parseIf())
	case "block":
		return append(body, p.parseBlock())
	case "extends":
		p.next()
		p.extends = true
		return append(body, &Extends{Line: t.line, Template: p.parseExpr()})
	case "macro":
		return append(body, p.parseMacro())
	case "include":
		return append(body, p.parseInclude())
	case "from":
		return append(body, p.parseFrom())
	case "import":
		return append(body, p.parseImport())
	case "set":
		return append(body, p.parseSet())
	case "with":
		return append(body, p.parseWith())
	case "autoescape":
		p.next()
		s := &Autoescape{Line: t.line, Value: p.parseExpr()}
		s.Body = p.parseBodyTo("endautoescape")
		return append(body, s)
	case "call":
		return append(body, p.parseCallBlock())
	case "filter":
		p.next()
		s := &Capture{Line: t.line, Filter: p.parseFilter(nil, true)}
		s.Body = p.parseBodyTo("endfilter")
		return append(body, s)
	case "do":
		p.next()
		return append(body, &Output{Line: t.line, Value: p.parseTuple(tupleOptions{cond: true}), Silent: true})
	}
	p.tags = p.tags[:open]
	p.failEnd(t.val, p.endStack)
	return nil
}

func (p *parser) parsePrint(body []Node) []Node {
	line := p.next().line
	for first := true; p.cur().kind != tBlockEnd; first = false {
		if !first {
			p.expect(tComma)
		}
		body = append(body, &Output{Value: p.parseExpr(), Line: line})
	}
	return body
}
