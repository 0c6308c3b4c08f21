package jinja

import "github.com/slipway-build/slipway/jinja/python"

// Words returns the names that stand in the tags of a template's source: variables, and what else is
// written like one. Of a source that is no template it returns those before the fault.
func Words(source string) map[string]bool {
	env, end := NewEnv(nil, Options{}).Begin()
	defer end()
	l := &lexer{env: env, src: source, line: 1}
	_ = l.all() // whoever renders it tells the fault
	words := map[string]bool{}
	for _, t := range l.toks {
		if t.kind == tName {
			words[t.val] = true
		}
	}
	return words
}

// all reads tokens up to the end, or to the first fault.
func (l *lexer) all() (err error) {
	defer func() { err = python.Caught(recover(), l.name, 1) }()
	for l.pos < len(l.src) {
		l.root()
	}
	return nil
}
