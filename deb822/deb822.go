// Package deb822 reads the files of fields and paragraphs that Debian calls control files, and the
// relations between packages in their fields. The format is deb822(5); relations are those of
// Debian Policy 7.1, but names may be anything an image can be called.
package deb822

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxSize is the largest file that is read, in bytes. Larger ones are an error.
const MaxSize = 16 << 20

// maxErrors is how many problems of one file are told; nobody reads more.
const maxErrors = 100

// space is the white space within a line.
const space = " \t\r\f\v"

// Paragraph is a run of fields without an empty line between them.
type Paragraph struct {
	Path   string
	Line   int     // of the first field, counted from 1
	Fields []Field // as written, names of any case
}

// Field is one field of a paragraph.
type Field struct {
	Name string
	// Value is what follows the colon, without white space around it. Continuation lines come after
	// a line feed each, with the white space they begin with.
	Value string
	Line  int // of the name

	// lines are the numbers of the value's lines; comments may stand between them.
	lines []int
}

// Error is a problem at one place of a file.
type Error struct {
	Path string // empty when it is not known
	Line int    // counted from 1
	Msg  string
	Hint string // the way out; may be empty
}

// Error returns "path:line: msg", and the hint on a line of its own.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Msg)
	if e.Path == "" {
		s = fmt.Sprintf("line %d: %s", e.Line, e.Msg)
	}
	if e.Hint != "" {
		s += "\nhint: " + e.Hint
	}
	return s
}

// Get returns the value of a field and the line its name is on. The case of the name is ignored.
func (p Paragraph) Get(field string) (value string, line int, ok bool) {
	if f := p.find(field); f != nil {
		return f.Value, f.Line, true
	}
	return "", 0, false
}

func (p Paragraph) find(field string) *Field {
	for i := range p.Fields {
		if strings.EqualFold(p.Fields[i].Name, field) {
			return &p.Fields[i]
		}
	}
	return nil
}

// Relations parses the field as [ParseRelations] does, with lines counted right when comments stand
// between them and with the path in errors. A field that is not there has no relations.
func (p Paragraph) Relations(field string) ([]Relation, error) {
	f := p.find(field)
	if f == nil {
		return nil, nil
	}
	return parseRelations(p.Path, f.Value, func(n int) int { return f.lines[n] })
}

// Parse reads all paragraphs of data; the path is for messages. Lines that begin with # are
// comments, and white space alone ends a paragraph. The error joins one *Error per problem, sorted
// by line; what could be read is returned beside it, and of a field that is there twice the first.
func Parse(path string, data []byte) ([]Paragraph, error) {
	if len(data) > MaxSize {
		return nil, &Error{Path: path, Line: 1, Msg: fmt.Sprintf(
			"cannot read control file: it has %d bytes, more than the %d allowed", len(data), MaxSize)}
	}
	p := parser{path: path}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte{'\n'})
		p.line++
		p.add(strings.ToValidUTF8(string(line), "\uFFFD"))
		data = rest
	}
	p.endParagraph()
	return p.paragraphs, join(p.errs)
}

type parser struct {
	path       string
	line       int
	paragraphs []Paragraph
	current    Paragraph
	seen       map[string]int // lower-case field names of the current paragraph, and their lines
	field      *Field         // that a continuation line belongs to
	value      strings.Builder
	dropped    bool // continuation lines belong to a field that was refused
	errs       []*Error
}

func (p *parser) add(line string) {
	line = strings.TrimRight(line, space)
	switch {
	case strings.HasPrefix(line, "#"):
	case line == "":
		p.endParagraph()
	case strings.IndexByte(space, line[0]) >= 0:
		p.continuation(line)
	default:
		p.begin(line)
	}
}

func (p *parser) begin(line string) {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, space)
	p.endField()
	p.dropped = true
	if !ok || name == "" || strings.ContainsAny(name, space) {
		p.fail(fmt.Sprintf("cannot read field: %q has no name with a colon after it", abbreviate(line)),
			"a line that continues a field begins with a space")
		return
	}
	if len(p.current.Fields) == 0 {
		p.current = Paragraph{Path: p.path, Line: p.line}
		p.seen = map[string]int{}
	}
	key := strings.ToLower(name)
	if old := p.seen[key]; old > 0 {
		p.fail(fmt.Sprintf("cannot use field %s: line %d of the same paragraph has it too", name, old),
			"make one field of the two, or separate two paragraphs by an empty line")
		return
	}
	p.seen[key] = p.line
	p.current.Fields = append(p.current.Fields, Field{Name: name, Line: p.line, lines: []int{p.line}})
	p.field, p.dropped = &p.current.Fields[len(p.current.Fields)-1], false
	p.value.WriteString(strings.Trim(value, space))
}

func (p *parser) continuation(line string) {
	switch {
	case p.field != nil:
		p.value.WriteString("\n" + line)
		p.field.lines = append(p.field.lines, p.line)
	case !p.dropped:
		p.fail(fmt.Sprintf("cannot read line %q: it continues a field, but there is none above it",
			abbreviate(strings.TrimLeft(line, space))), "a field's name begins in the first column")
	}
}

func (p *parser) endField() {
	if p.field != nil {
		p.field.Value = p.value.String()
	}
	p.field, p.dropped = nil, false
	p.value.Reset()
}

func (p *parser) endParagraph() {
	p.endField()
	if len(p.current.Fields) > 0 {
		p.paragraphs = append(p.paragraphs, p.current)
	}
	p.current = Paragraph{}
}

func (p *parser) fail(msg, hint string) {
	if len(p.errs) == maxErrors {
		return
	}
	p.errs = append(p.errs, &Error{Path: p.path, Line: p.line, Msg: msg, Hint: hint})
}

// join sorts by line and returns nil for no errors.
func join(errs []*Error) error {
	slices.SortStableFunc(errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	all := make([]error, len(errs))
	for i, e := range errs {
		all[i] = e
	}
	return errors.Join(all...)
}

func abbreviate(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
