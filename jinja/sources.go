package jinja

import (
	"bytes"
	"reflect"
	"sort"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// sources says where the text of a buffer comes from; only a Trace keeps it.
type sources struct {
	marks  []mark // by offset
	broken bool   // something that should be there is not
}

// mark is a piece of text: from an offset to the next mark's.
type mark struct {
	at     int
	origin Origin
	counts bool // text of the template: each line end in it is one of the template
}

// line is the line of the template at an offset of the text.
func (m *mark) line(text string, offset int) int {
	if !m.counts {
		return m.origin.Line
	}
	return m.origin.Line + strings.Count(text[m.at:offset], "\n")
}

// writeData writes text of the template that begins in a line.
func (b *buffer) writeData(s string, line int) {
	if b.rt.trace != nil {
		b.note(s, line, true)
	}
	b.write(s)
}

// writeValue writes what an expression of a line gave: its text, and where that
// came from if the value carries it.
func (b *buffer) writeValue(v python.Value, line int) {
	s, isText := v.(string)
	if isText && b.rt.trace == nil {
		b.write(s)
		return
	}
	switch v := v.(type) {
	case string, python.Markup:
		s, _ = python.Text(v)
	case *sourced:
		b.replay(v)
		b.write(v.text())
		return
	case *module:
		b.writeValue(v.printed, line)
		return
	default:
		s = b.rt.Str(v)
	}
	if b.rt.trace != nil {
		b.note(s, line, false)
	}
	b.write(s)
}

// A trace keeps no more than that of one template, and then none: it is for
// people, and Dockerfiles are short.
const (
	mostMarks = 500_000
	mostLines = 100_000
)

func (b *buffer) note(s string, line int, counts bool) {
	tr := b.rt.trace
	if s != "" && tr.marks <= mostMarks {
		b.mark(mark{len(b.b), Origin{b.rt.tmpl.name, line, tr.site}, counts})
	}
}

// replay copies the marks of a captured text, or of the part of one, that is
// about to be written.
func (b *buffer) replay(s *sourced) {
	c, n := s.whole, len(s.text())
	first := sort.Search(len(c.marks), func(i int) bool { return c.marks[i].at > s.offset }) - 1
	for i := max(first, 0); i < len(c.marks) && c.marks[i].at < s.offset+n && b.rt.trace.marks <= mostMarks; i++ {
		m := c.marks[i]
		if m.at < s.offset {
			m.origin.Line, m.at = m.line(c.text, s.offset), s.offset
		}
		m.at += len(b.b) - s.offset
		b.mark(m)
	}
}

// markSize is what a mark takes in memory, in bytes.
var markSize = int(reflect.TypeFor[mark]().Size())

func (b *buffer) mark(m mark) {
	b.rt.trace.marks++
	if b.src == nil {
		b.src = &sources{}
	}
	if marks := b.src.marks; len(marks) == cap(marks) {
		grown := max(4, 2*cap(marks))
		b.rt.Account.ChargeBeside(grown * markSize)
		b.src.marks = append(make([]mark, 0, grown), marks...)
	}
	b.src.marks = append(b.src.marks, m)
}

// spoil notes that text is missing, so that nobody judges what a filter makes
// of the rest.
func (b *buffer) spoil() {
	if b.src == nil {
		b.src = &sources{}
	}
	b.src.broken = true
}

// captured is the collected text as a value. A Trace gives it one that carries
// where it came from.
func (b *buffer) captured() python.Value {
	if b.src != nil && b.src.broken {
		return spoilt
	}
	return b.sourced(b.rt.Markup(b.text()))
}

// sourced is a value of the collected text, with where that came from if it is known.
func (b *buffer) sourced(v python.Value) python.Value {
	if b.src == nil || len(b.src.marks) == 0 {
		return v
	}
	s, _ := python.Text(v)
	b.rt.Account.ChargeBeside(sourcedSize)
	return &sourced{value: v, whole: &capture{s, b.src.marks}}
}

// lines says where each line of the text comes from: the origin of its first
// character that is not blank. A blank line belongs to what made its end.
func (s *sources) lines(text []byte) []Origin {
	n := bytes.Count(text, []byte("\n")) + 1
	if n > mostLines {
		return nil
	}
	all := string(text)
	origins := make([]Origin, 0, n)
	var marks []mark
	if s != nil {
		marks = s.marks
	}
	next, counted, line := 0, 0, 0 // of marks; up to where and what the current one's line is
	for begin := 0; begin <= len(all); {
		end := len(all)
		if i := strings.IndexByte(all[begin:], '\n'); i >= 0 {
			end = begin + i
		}
		at := begin + len(all[begin:end]) - len(strings.TrimLeftFunc(all[begin:end], python.IsSpace))
		for next < len(marks) && marks[next].at <= at {
			counted, line = marks[next].at, marks[next].origin.Line
			next++
		}
		o := Origin{}
		if next > 0 {
			o = marks[next-1].origin
			if marks[next-1].counts {
				line += strings.Count(all[counted:at], "\n")
				counted = at
			}
			o.Line = line
		}
		origins = append(origins, o)
		begin = end + 1
	}
	return origins
}
