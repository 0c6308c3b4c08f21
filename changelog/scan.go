package changelog

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

// maxWarnings is how many warnings of one file are told; nobody reads more.
const maxWarnings = 100

// scanner gives the entries of a changelog one after the other.
type scanner struct {
	path     string
	rest     []byte
	line     int  // number of the line that was read last
	started  bool // an entry was seen: the file's end matter may follow
	warnings []Warning
	warned   int
	pending  *Entry // begun by a heading that ended the entry before it
}

func newScanner(path string, data []byte) (*scanner, error) {
	if len(data) > MaxSize {
		return nil, problem.Problem{Path: path, Text: fmt.Sprintf(
			"cannot read changelog: it has %d bytes, more than the %d allowed", len(data), MaxSize)}
	}
	return &scanner{path: path, rest: data}, nil
}

// readLine returns the next line without its line feed. Lines end at line feeds alone, as they do
// for a Python file object.
func (s *scanner) readLine() ([]byte, bool) {
	if len(s.rest) == 0 {
		return nil, false
	}
	s.line++
	line, rest, _ := bytes.Cut(s.rest, []byte{'\n'})
	s.rest = rest
	return line, true
}

func (s *scanner) warn(format string, args ...any) {
	if s.warned++; s.warned > maxWarnings {
		return
	}
	s.warnings = append(s.warnings, Warning{s.path, s.line, fmt.Sprintf(format, args...)})
}

func (s *scanner) noEntry(warnings []Warning) error {
	e := problem.Problem{Path: s.path, Line: 1, Text: "cannot read changelog: the file is empty"}
	if len(warnings) > 0 {
		e.Line = warnings[0].Line
		e.Text = "cannot read changelog: no line is the heading of an entry"
	} else if s.line > 0 {
		e.Text = "cannot read changelog: it has no entry"
	}
	e.Hint = `an entry begins with a line like "name (1.0-1) unstable; urgency=high"`
	return e
}

// next returns the next entry, with the warnings collected on the way to its end.
func (s *scanner) next() (Entry, bool) {
	e, ok := s.nextHeading()
	if !ok {
		return Entry{}, false
	}
	s.started = true
	s.readBody(&e)
	e.Warnings, s.warnings = s.warnings, nil
	return e, true
}

func (s *scanner) nextHeading() (Entry, bool) {
	if e := s.pending; e != nil {
		s.pending = nil
		return *e, true
	}
	for {
		line, ok := s.readLine()
		if !ok {
			return Entry{}, false
		}
		if e, ok := s.heading(line); ok {
			return e, true
		}
		if isBlank(line) || isComment(line) {
			continue
		}
		if s.started && isEndMatter(line) {
			s.end(line)
			return Entry{}, false
		}
		s.warn("line is not the heading of an entry: %s", excerpt(line))
	}
}

// readBody reads up to and including the trailer. A heading before any trailer ends the entry too,
// as in dpkg: author and date of another release would be worse than none. What ends the file ends it
// here too, unless a trailer shows that it was a change.
func (s *scanner) readBody(e *Entry) {
	var end []byte
	for {
		line, ok := s.readLine()
		if !ok {
			s.warn("entry %s (%s) has no trailer line", e.Package, e.Version)
			break
		}
		if isTrailer(line) {
			if s.trailer(e, line) {
				break
			}
			continue
		}
		if h, ok := s.heading(line); ok {
			s.warn("entry %s (%s) has no trailer line before the next entry", e.Package, e.Version)
			if s.pending = &h; end != nil {
				s.warnOfEnd(end, h)
				s.pending, s.rest = nil, nil
			}
			break
		}
		if end == nil && isEndMatter(line) {
			end = line
		}
		if !isChange(line) && !isBlank(line) && !isComment(line) {
			s.warn("line is neither a change, which is indented, nor a trailer: %s", excerpt(line))
		}
		if len(e.Changes) > 0 || !isBlank(line) {
			e.Changes = append(e.Changes, strings.TrimRight(strings.ToValidUTF8(string(line), "\uFFFD"), space))
		}
	}
	for n := len(e.Changes); n > 0 && e.Changes[n-1] == ""; n-- {
		e.Changes = e.Changes[:n-1]
	}
}

// excerpt quotes the beginning of a line for a message.
func excerpt(line []byte) string {
	const most = 60
	s := strings.TrimSpace(strings.ToValidUTF8(string(line[:min(len(line), 4*most)]), "\uFFFD"))
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
