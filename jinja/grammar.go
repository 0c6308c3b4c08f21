package jinja

import (
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// grammar is what a template may use, and how its white space counts. The zero
// value knows no filter and no test.
type grammar struct {
	trimBlocks          bool // drop the newline after a block tag
	lstripBlocks        bool // drop the blanks before a block tag that begins a line
	keepTrailingNewline bool // keep the one newline at the end of the source
	filters, tests      map[string]*python.Builtin
	charge              func(bytes int) // counts memory before it is used; nil: nobody does
}

// parse reads the source of a template; name is used in errors. What is wrong
// is raised, as python.Raise does.
func (g *grammar) parse(name, source string) *template {
	p := &parser{grammar: g, name: name}
	p.toks = g.lex(name, source)
	return p.compile(p.parseTemplate())
}

// tokenSize is what a token becomes on its way to a compiled template, in bytes.
const tokenSize = 320

func (g *grammar) count(n int) {
	if g.charge != nil {
		g.charge(n)
	}
}

// didYouMean is a hint with the filter or test nearest to a name, or "".
func didYouMean(name string, known map[string]*python.Builtin) string {
	var names []string
	for name := range known {
		if !strings.ContainsAny(name, "=<>!") {
			names = append(names, name)
		}
	}
	return python.DidYouMean(name, names)
}
