package jinja

import (
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// sourced is a text that carries where it came from: what a Trace puts in the
// place of a text that was captured. Variables, arguments of macros and results
// may be one; whatever looks into a value asks plain for the text alone.
type sourced struct {
	value  python.Value // the text, or Markup
	whole  *capture
	offset int // of the text in the whole
}

// capture is text that was collected, with the marks of its pieces.
type capture struct {
	text  string
	marks []mark
}

// sourcedSize is what a sourced takes beside its text and marks, in bytes.
const sourcedSize = 128

func (s *sourced) text() string {
	text, _ := python.Text(s.value)
	return text
}

// plain is the value without where it came from.
func plain(v python.Value) python.Value {
	if s, ok := v.(*sourced); ok {
		return s.value
	}
	return v
}

// allPlain makes arguments plain, in place.
func allPlain(args []python.Value) {
	for i, a := range args {
		args[i] = plain(a)
	}
}

// partOf gives a text that a filter or method made of another, by leaving out
// its begin and end or not at all, where that came from.
func (rt *state) partOf(from, made python.Value) python.Value {
	s, ok := from.(*sourced)
	if !ok {
		return made
	}
	part, ok := python.Text(made)
	if !ok || len(part) < 2 {
		return made
	}
	rt.Look(made)
	at := strings.Index(s.text(), part)
	if at < 0 {
		return made
	}
	rt.Account.ChargeBeside(sourcedSize)
	return &sourced{value: made, whole: s.whole, offset: s.offset + at}
}

// TypeName is the class of the text.
func (s *sourced) TypeName() (module, name string) { return "builtins", "str" }

// Text is the text alone.
func (s *sourced) Text(rt *python.Runtime, repr bool) string {
	if repr {
		return python.Quote(s.text())
	}
	return rt.Str(s.value)
}

// Attribute is that of the text.
func (s *sourced) Attribute(rt *python.Runtime, name string) python.Value {
	return rt.Attribute(s.value, name)
}
