package gitindex

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// setting is one line of a configuration file. The section is in small letters, with its subsection, if it
// has one, behind a dot; an empty key is the section's heading.
type setting struct {
	section, key, value string
	bare                bool // the key stands alone
	line                int
}

// parser reads the syntax of git-config(1).
type parser struct {
	data    []byte
	line    int
	section string
}

// next returns the next setting or heading, io.EOF after the last.
func (p *parser) next() (setting, error) {
	p.skip(" \t\r\n")
	for p.peek() == '#' || p.peek() == ';' {
		p.take(func(b byte) bool { return b != '\n' })
		p.skip(" \t\r\n")
	}
	s := setting{line: p.line}
	switch b := p.peek(); {
	case len(p.data) == 0:
		return s, io.EOF
	case b == '[':
		return s, p.heading()
	case !isLetter(b):
		return s, fmt.Errorf("%q does not begin a key or a section", b)
	}
	s.section = p.section
	s.key = strings.ToLower(p.take(isNameByte))
	p.skip(" \t\r")
	switch {
	case len(p.data) == 0 || p.peek() == '\n':
		s.bare = true
		return s, nil
	case p.peek() != '=':
		return s, fmt.Errorf("there is no = behind %s", s.key)
	}
	p.data = p.data[1:]
	value, err := p.value()
	s.value = value
	return s, err
}

// heading reads [section], [section "subsection"] and the old [section.subsection].
func (p *parser) heading() error {
	p.data = p.data[1:]
	name := strings.ToLower(p.take(func(b byte) bool { return isNameByte(b) || b == '.' }))
	plain := len(p.data)
	p.skip(" \t")
	if p.peek() == '"' && len(p.data) < plain {
		end := bytes.IndexByte(p.data, '\n')
		if end < 0 {
			end = len(p.data)
		}
		sub, width, ok := quoted(p.data[:end])
		if !ok {
			return errors.New("the section's name has no end")
		}
		name += "." + sub
		p.data = p.data[width:]
	}
	if name == "" || p.peek() != ']' {
		return errors.New("the section's heading has no end")
	}
	p.data = p.data[1:]
	p.section = name
	return nil
}

// quoted reads a subsection's name in quotes; a backslash stands before any byte.
func quoted(line []byte) (text string, width int, ok bool) {
	var out []byte
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '"':
			return string(out), i + 1, true
		case '\\':
			if i++; i == len(line) {
				return "", 0, false
			}
		}
		out = append(out, line[i])
	}
	return "", 0, false
}

// value reads up to the end of the line: quotes, escapes, comments, lines that go on in the next. Blanks at
// both ends are not part of it, unless they are in quotes.
func (p *parser) value() (string, error) {
	p.skip(" \t\r")
	var out []byte
	keep, inQuotes := 0, false // keep: up to where blanks belong to the value
	for len(p.data) > 0 {
		b := p.data[0]
		switch {
		case b == '\n' && inQuotes:
			return "", errors.New("the quotes have no end")
		case b == '\n':
			return string(out[:keep]), nil
		case (b == '#' || b == ';') && !inQuotes:
			p.take(func(b byte) bool { return b != '\n' })
			return string(out[:keep]), nil
		case b == '"':
			inQuotes = !inQuotes
			keep = len(out)
		case b == '\\':
			text, err := p.escape()
			if err != nil {
				return "", err
			}
			if out = append(out, text...); text != "" {
				keep = len(out)
			}
			continue
		default:
			if out = append(out, b); inQuotes || b != ' ' && b != '\t' && b != '\r' {
				keep = len(out)
			}
		}
		p.data = p.data[1:]
	}
	if inQuotes {
		return "", errors.New("the quotes have no end")
	}
	return string(out[:keep]), nil
}

// escape reads a backslash and what belongs to it; at the end of a line that is the line's end.
func (p *parser) escape() (string, error) {
	rest := p.data[1:]
	if bytes.HasPrefix(rest, []byte("\r\n")) {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		p.data = nil // the file's end is a line's end
		return "", nil
	}
	p.data = rest[1:]
	switch rest[0] {
	case '\n':
		p.line++
		return "", nil
	case 'n':
		return "\n", nil
	case 't':
		return "\t", nil
	case 'b':
		return "\b", nil
	case '\\', '"':
		return string(rest[:1]), nil
	}
	return "", fmt.Errorf("\\%c means nothing to git", rest[0])
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if len(p.data) == 0 {
		return 0
	}
	return p.data[0]
}

func (p *parser) skip(set string) {
	n := len(p.data) - len(bytes.TrimLeft(p.data, set))
	p.line += bytes.Count(p.data[:n], []byte("\n"))
	p.data = p.data[n:]
}

func (p *parser) take(while func(byte) bool) string {
	n := 0
	for n < len(p.data) && while(p.data[n]) {
		n++
	}
	text := string(p.data[:n])
	p.data = p.data[n:]
	return text
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func isNameByte(b byte) bool { return isLetter(b) || b >= '0' && b <= '9' || b == '-' }
