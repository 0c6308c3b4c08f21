// Package deb822 reads the files of fields and paragraphs that Debian calls control files, and the
// relations between packages in their fields. The format is deb822(5); what does not fit is passed
// over as python-debian's Packages class does, and told. Relations are those of Debian Policy 7.1,
// but names may be anything an image can be called.
package deb822

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/problem"
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
	problem.Problem
	Lost bool // the line, or a part of it, was passed over: what it says may be missing
}

// Unwrap returns the problem.
func (e *Error) Unwrap() error { return e.Problem }

// Get returns the value of a field and the line its name is on; of a field that is there twice the
// last. The case of the name is ignored.
func (p Paragraph) Get(field string) (value string, line int, ok bool) {
	for _, f := range slices.Backward(p.Fields) {
		if strings.EqualFold(f.Name, field) {
			return f.Value, f.Line, true
		}
	}
	return "", 0, false
}

// Relations parses the field as [ParseRelations] does, with lines counted right when comments stand
// between them and with the path in errors. A field that is not there has no relations; one that is
// there twice has those of both.
func (p Paragraph) Relations(field string) ([]Relation, error) {
	var all []Relation
	var errs []*Error
	_, last, _ := p.Get(field)
	for _, f := range p.Fields {
		if !strings.EqualFold(f.Name, field) {
			continue
		}
		relations, problems := parseRelations(p.Path, f.Value, func(n int) int { return f.lines[n] })
		for i := range relations {
			relations[i].Overridden = f.Line != last
		}
		all, errs = append(all, relations...), append(errs, problems...)
	}
	return all, join(errs[:min(len(errs), maxErrors)])
}

// Parse reads all paragraphs of data; the path is for messages. Lines that begin with # are comments,
// and an empty line ends a paragraph; one of white space does not. The error joins one *Error per
// problem, sorted by line: something that dpkg does not read. What could be read is returned beside it.
func Parse(path string, data []byte) ([]Paragraph, error) {
	if len(data) > MaxSize {
		return nil, &Error{Problem: problem.Problem{Path: path, Line: 1, Text: fmt.Sprintf(
			"cannot read control file: it has %d bytes, more than the %d allowed", len(data), MaxSize)}}
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
	seen       map[string]int // lower-case field names since the last blank line, and their lines
	field      *Field         // that a continuation line belongs to
	value      strings.Builder
	blank      int  // line of white space since the field's last line; 0 for none
	dropped    bool // continuation lines belong to what could not be read
	armor      armor
	errs       []*Error
}

func (p *parser) add(line string) {
	line = strings.Trim(line, "\r")
	text := strings.TrimRight(line, space)
	switch {
	case strings.HasPrefix(line, "#"):
	case p.armored(line):
	case line == "":
		if !p.armor.signed {
			p.endParagraph()
		}
	case text == "":
		p.blank = p.line
	case strings.IndexByte(space, line[0]) >= 0:
		p.continuation(text)
	default:
		p.begin(text)
	}
}

// begin reads the first line of a field. What is none is passed over: the field above goes on.
func (p *parser) begin(line string) {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimRight(name, space)
	if !ok || name == "" || strings.ContainsAny(name, space) {
		p.dropped = p.field == nil
		p.lose(fmt.Sprintf("cannot read field: %q has no name with a colon after it", abbreviate(line)),
			"a line that continues a field begins with a space")
		return
	}
	p.endField()
	if len(p.current.Fields) == 0 {
		p.current = Paragraph{Path: p.path, Line: p.line}
	}
	if p.blank > 0 || p.seen == nil { // dpkg takes white space for the end of a paragraph
		p.seen, p.blank = map[string]int{}, 0
	}
	p.checkName(name)
	p.current.Fields = append(p.current.Fields, Field{Name: name, Line: p.line, lines: []int{p.line}})
	p.field = &p.current.Fields[len(p.current.Fields)-1]
	p.value.WriteString(strings.Trim(value, space))
}

func (p *parser) checkName(name string) {
	key := strings.ToLower(name)
	old := p.seen[key]
	p.seen[key] = p.line
	switch {
	case old > 0:
		p.fail(fmt.Sprintf("paragraph has two fields %s: the other one is in line %d", name, old),
			"make one field of the two, or separate two paragraphs by an empty line")
	case name[0] == '-':
		p.fail(fmt.Sprintf("field %s begins with a hyphen", name), "remove the hyphen")
	}
}

func (p *parser) continuation(line string) {
	if p.blank > 0 && p.field != nil {
		p.failAt(p.blank, fmt.Sprintf("a line of white space stands within field %s", p.field.Name), "remove the line")
	}
	p.blank = 0
	switch {
	case p.field != nil:
		p.value.WriteString("\n" + line)
		p.field.lines = append(p.field.lines, p.line)
	case !p.dropped:
		p.lose(fmt.Sprintf("cannot read line %q: it continues a field, but there is none above it",
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
	p.current, p.seen, p.blank, p.armor = Paragraph{}, nil, 0, armor{told: p.armor.told}
}

func (p *parser) fail(msg, hint string) { p.failAt(p.line, msg, hint) }

func (p *parser) failAt(line int, msg, hint string) {
	p.tell(&Error{Problem: problem.Problem{Line: line, Text: msg, Hint: hint}})
}

// lose tells of a line that is passed over.
func (p *parser) lose(msg, hint string) {
	p.tell(&Error{problem.Problem{Line: p.line, Text: msg, Hint: hint}, true})
}

func (p *parser) tell(e *Error) {
	if e.Path = p.path; len(p.errs) < maxErrors {
		p.errs = append(p.errs, e)
	}
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
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}
