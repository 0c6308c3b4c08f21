// Package syntax reads Jinja2 templates: a lexer, a parser, and the tree that
// they make, in which each name is bound to its variable by the rules of Jinja2's
// own compiler. It renders nothing.
//
// A new statement is a type in statements.go, a function of the parser in
// parse_stmt.go, a case in Parts, and, if it makes names or has a scope, one in
// analyzeStmt and in the compiler's stmt. A new expression is a type in
// expressions.go, a function in parse_expr.go and a case in Parts.
package syntax

import (
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// Grammar is what a template may use, and how its white space counts. The zero
// value knows no filter and no test.
type Grammar struct {
	TrimBlocks          bool // drop the newline after a block tag
	LstripBlocks        bool // drop the blanks before a block tag that begins a line
	KeepTrailingNewline bool // keep the one newline at the end of the source
	Filters, Tests      map[string]*python.Builtin
	Charge              func(bytes int) // counts memory before it is used; nil: nobody does
}

// Parse reads the source of a template; name is used in errors. The error is a
// *python.Error.
func (g *Grammar) Parse(name, source string) (t *Template, err error) {
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, python.Caught(r, name, 1)
		}
	}()
	p := &parser{Grammar: g, name: name}
	p.toks = g.lex(name, source)
	return p.compile(p.parseTemplate()), nil
}

// tokenSize is what a token becomes on its way to a compiled template, in bytes.
const tokenSize = 320

func (g *Grammar) count(n int) {
	if g.Charge != nil {
		g.Charge(n)
	}
}

// DidYouMean is a hint with the one of filters or tests that is nearest to a
// name, or "".
func (g *Grammar) DidYouMean(name string, known map[string]*python.Builtin) string {
	var names []string
	for name := range known {
		if !strings.ContainsAny(name, "=<>!") {
			names = append(names, name)
		}
	}
	return python.DidYouMean(name, names)
}
