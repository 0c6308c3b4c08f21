package jinja

import (
	"bytes"
	"sort"
	"strings"
	"unsafe"

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

// writeFrom writes text that comes from a line of the template: its own text,
// or what an expression in that line gave.
func (b *buffer) writeFrom(s string, line int, counts bool) {
	if b.rt.trace != nil {
		b.note(s, line, counts)
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
	if s == "" || tr.marks > mostMarks {
		return
	}
	if b.src == nil {
		b.src = &sources{}
	}
	if !counts {
		if c, offset := tr.find(s); c != nil {
			b.replay(c, offset, len(s))
			return
		}
	}
	b.mark(mark{len(b.b), Origin{b.rt.tmpl.name, line, tr.site}, counts})
}

// replay copies the marks of a part of a captured text that is about to be
// written.
func (b *buffer) replay(c *capture, offset, n int) {
	first := sort.Search(len(c.marks), func(i int) bool { return c.marks[i].at > offset }) - 1
	for i := max(first, 0); i < len(c.marks) && c.marks[i].at < offset+n; i++ {
		m := c.marks[i]
		if m.at < offset {
			m.origin.Line, m.at = m.line(c.text, offset), offset
		}
		m.at += len(b.b) - offset
		if b.mark(m); b.rt.trace.marks > mostMarks {
			return
		}
	}
}

// markSize is what a mark takes in memory, in bytes.
const markSize = int(unsafe.Sizeof(mark{}))

func (b *buffer) mark(m mark) {
	b.rt.trace.marks++
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

// recorded is what was collected; a Trace recognises it when it is printed.
func (b *buffer) recorded() string {
	s := b.text()
	if b.rt.trace != nil && b.src != nil {
		b.rt.trace.remember(s, b.src.marks)
	}
	return s
}

// captured is the collected text as a value.
func (b *buffer) captured() python.Value {
	if b.src != nil && b.src.broken {
		return spoilt
	}
	return b.rt.Markup(b.recorded())
}

// captureSize is what a captured text takes beside its bytes and marks.
const captureSize = 128

// mostRecent is the number of captured texts of which a part is recognised;
// the whole is at any time.
const mostRecent = 32

// remember keeps where a text comes from. A text is known by where its bytes
// lie, as two may be equal; keeping it keeps the place from being used again.
func (tr *Trace) remember(s string, marks []mark) {
	if len(s) < 2 || len(marks) == 0 { // shorter ones share their bytes
		return
	}
	tr.rt.Account.ChargeBeside(captureSize)
	c := &capture{s, marks}
	tr.captures[unsafe.StringData(s)] = c
	if tr.recent = append(tr.recent, c); len(tr.recent) > mostRecent {
		tr.recent = tr.recent[1:]
	}
}

// find returns the captured text that s is or is a part of, and where in it.
func (tr *Trace) find(s string) (*capture, int) {
	if c := tr.captures[unsafe.StringData(s)]; c != nil && len(s) <= len(c.text) {
		return c, 0
	}
	begin := uintptr(unsafe.Pointer(unsafe.StringData(s)))
	for i := len(tr.recent) - 1; i >= 0; i-- {
		c := tr.recent[i]
		low := uintptr(unsafe.Pointer(unsafe.StringData(c.text)))
		if low <= begin && begin+uintptr(len(s)) <= low+uintptr(len(c.text)) {
			return c, int(begin - low)
		}
	}
	return nil, 0
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
