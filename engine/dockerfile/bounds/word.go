package bounds

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// size is the length of a text in bytes: known, and how many times a value is in it that only the base
// image knows.
type size struct{ known, unknown int }

func (s size) plus(o size) size {
	return size{add(s.known, o.known), add(s.unknown, o.unknown)}
}

// enough is more than any bound, and far from where numbers end.
const enough = 1 << 40

func add(a, b int) int { return min(a+b, enough) }

func times(a, b int) int {
	if a > 0 && b > enough/a {
		return enough
	}
	return a * b
}

// measure finds out how long a word is at most when BuildKit's shell.Lex has expanded it. It reads words
// as that does; where that would fail, it stops.
type measure struct {
	text   string
	at     int
	escape byte // 0 for none
	quotes bool // quotes mean something
	vars   *variables
	level  int
	deep   int
	work   int // steps that the expanding takes
	absent int // bytes of the names that are not there
	broken bool
	unsure bool // what only the base image knows may take any number of steps
	// long is the longest pattern of a ${A#…}, ${A%…} or ${A/…/…}.
	long int
}

func newMeasure(text string, escape rune, quotes bool, vars *variables) *measure {
	return &measure{text: valid(text), escape: byte(escape), quotes: quotes, vars: vars}
}

// valid is a text as the lexer sees it: with three bytes for each that is not part of a character.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.Map(func(c rune) rune { return c }, text)
}

// whole measures the word.
func (m *measure) whole() size {
	return m.until(0)
}

// until measures up to a byte, which it passes, or up to the end.
func (m *measure) until(stop byte) (n size) {
	m.level++
	m.deep = max(m.deep, m.level)
	defer func() { m.level--; m.work = add(m.work, n.known) }()
	if m.level > maxNesting+1 {
		m.broken = true
		return n
	}
	for m.at < len(m.text) && !m.broken {
		c := m.text[m.at]
		switch {
		case stop != 0 && c == stop:
			m.at++
			return n
		case c == '$':
			n = n.plus(m.dollar())
		case c == '\'' && m.quotes:
			end := strings.IndexByte(m.text[m.at+1:], '\'')
			if m.broken = end < 0; !m.broken {
				m.at += end + 2
				n.known += end + 2
			}
		case c == '"' && m.quotes:
			n = n.plus(m.doubleQuoted())
		case c == m.escape && c != 0:
			m.at += 2
			n.known += 2
		default:
			m.at++
			n.known++
		}
	}
	m.broken = m.broken || stop != 0
	return n
}

func (m *measure) doubleQuoted() (n size) {
	for m.at++; m.at < len(m.text) && !m.broken; {
		switch c := m.text[m.at]; {
		case c == '"':
			m.at++
			n.known += 2
			return n
		case c == '$':
			n = n.plus(m.dollar())
			continue
		case c == m.escape && m.at+1 < len(m.text) && (m.text[m.at+1] == '"' || m.text[m.at+1] == '$' || m.text[m.at+1] == m.escape):
			m.at++
			n.known++
		}
		m.at++
		n.known++
	}
	m.broken = true
	return n
}

// dollar measures a variable.
func (m *measure) dollar() size {
	if m.at++; m.at == len(m.text) || m.text[m.at] != '{' {
		name := m.name()
		if name == "" {
			return size{known: 1}
		}
		return m.value(name).plus(size{known: len(name) + 1}) // the name stays where there is no value
	}
	m.at++
	name := m.name()
	if m.broken = m.at == len(m.text); m.broken {
		return size{}
	}
	value := m.value(name).plus(size{known: len(name) + 3})
	c := m.text[m.at]
	m.at++
	if c == ':' { // whatever follows, BuildKit reads on before it looks at it
		_, width := utf8.DecodeRuneInString(m.text[m.at:])
		m.at += width
		return value.plus(m.until('}')).plus(size{known: 2 + width})
	}
	switch c {
	case '}':
		return value
	case '-', '+', '?':
		return value.plus(m.until('}')).plus(size{known: 2})
	case '#', '%':
		pattern := m.until('}')
		m.pattern(pattern, value)
		return value.plus(pattern).plus(size{known: 2})
	case '/':
		if m.at < len(m.text) && m.text[m.at] == '/' {
			m.at++
		}
		pattern := m.until('/')
		m.pattern(pattern, value)
		return value.plus(pattern).plus(m.replaced(value, m.until('}')))
	}
	m.broken = true
	return size{}
}

// pattern counts what a regular expression takes, which is compared with a value.
func (m *measure) pattern(p, value size) {
	m.long = max(m.long, p.known)
	m.work = add(m.work, times(step, times(p.known+20, value.known+20)))
	m.unsure = m.unsure || p.unknown+value.unknown > 0
}

// replaced is how much longer a value gets when each place in it becomes another text, which may have
// what was there before once for each two of its bytes.
func (m *measure) replaced(value, by size) size {
	m.unsure = m.unsure || value.unknown+by.unknown > 0
	return by.plus(size{known: add(times(value.known+1, times(by.known, 2)), 3)})
}

func (m *measure) value(name string) size {
	v, ok := m.vars.size(name)
	if !ok {
		m.absent += len(name)
	}
	return v
}

// name reads the name of a variable as BuildKit does.
func (m *measure) name() string {
	from := m.at
	for m.at < len(m.text) {
		c, width := utf8.DecodeRuneInString(m.text[m.at:])
		first := m.at == from
		if first && unicode.IsDigit(c) {
			for m.at < len(m.text) && unicode.IsDigit(c) {
				m.at += width
				c, width = utf8.DecodeRuneInString(m.text[m.at:])
			}
			break
		}
		if first && strings.ContainsRune("@*#?-$!", c) {
			m.at += width
			break
		}
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' {
			break
		}
		m.at += width
	}
	return m.text[from:m.at]
}
