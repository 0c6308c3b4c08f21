package syntax

import "github.com/slipway-build/slipway/jinja/python"

// Names lists the names that stand in the tags of a source, those before the
// fault if there is one.
func (g *Grammar) Names(source string) []string {
	l := &lexer{Grammar: g, src: source, line: 1}
	_ = l.all() // whoever renders it tells the fault
	var names []string
	for _, t := range l.toks {
		if t.kind == tName {
			names = append(names, t.val)
		}
	}
	return names
}

// all reads tokens up to the end, or to the first fault.
func (l *lexer) all() (err error) {
	defer func() { err = python.Caught(recover(), l.name, 1) }()
	for l.pos < len(l.src) {
		l.root()
	}
	return nil
}
