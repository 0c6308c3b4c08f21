package syntax

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slipway-build/slipway/jinja/python"
)

// lexer splits a source into tokens. Outside tags it looks for the next "{{",
// "{%" or "{#"; inside, a closing tag counts only where brackets are balanced.
type lexer struct {
	*Grammar
	name    string
	src     string
	pos     int
	line    int
	toks    []token
	balance []byte
}

func (g *Grammar) lex(name, source string) []token {
	if strings.IndexByte(source, '\r') >= 0 {
		source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\r", "\n")
	}
	if !g.KeepTrailingNewline {
		source = strings.TrimSuffix(source, "\n")
	}
	l := &lexer{Grammar: g, name: name, src: source, line: 1}
	g.count(4 * len(source))
	l.toks = make([]token, 0, 16+len(source)/12)
	for l.pos < len(l.src) {
		l.root()
	}
	l.emit(tEOF, "")
	return l.toks
}

func (l *lexer) fail(format string, args ...any) {
	e := &python.Error{Kind: python.SyntaxError, Template: l.name, Line: l.line}
	e.Msg = fmt.Sprintf(format, args...)
	panic(e)
}

func (l *lexer) emit(k kind, val string) {
	l.count(tokenSize)
	l.toks = append(l.toks, token{kind: k, line: l.line, val: val})
}

// skip moves over n bytes and counts their lines.
func (l *lexer) skip(n int) {
	l.line += strings.Count(l.src[l.pos:l.pos+n], "\n")
	l.pos += n
}

// root handles the text up to the next tag, and that tag.
func (l *lexer) root() {
	at := l.nextTag()
	if at < 0 {
		l.emit(tData, l.src[l.pos:])
		l.skip(len(l.src) - l.pos)
		return
	}
	open := l.src[at+1]
	sign := byte(0)
	after := at + 2
	if after < len(l.src) && (l.src[after] == '-' || l.src[after] == '+') {
		sign = l.src[after]
		after++
	}
	l.data(l.src[l.pos:at], sign, open != '{')
	l.skip(at - l.pos)
	if open == '%' {
		if n := l.rawBegin(after); n > 0 {
			l.skip(n - l.pos)
			l.raw()
			return
		}
	}
	switch open {
	case '#':
		l.skip(after - l.pos)
		l.comment()
	case '{':
		l.emit(tVarBegin, "")
		l.skip(after - l.pos)
		l.tag(tVarEnd)
	default:
		l.emit(tBlockBegin, "")
		l.skip(after - l.pos)
		l.tag(tBlockEnd)
	}
}

func (l *lexer) nextTag() int {
	for i := l.pos; ; i++ {
		j := strings.IndexByte(l.src[i:], '{')
		if j < 0 || i+j+1 >= len(l.src) {
			return -1
		}
		i += j
		if c := l.src[i+1]; c == '{' || c == '%' || c == '#' {
			return i
		}
	}
}

// data emits the text before a tag as the tag's sign and lstrip_blocks ask.
func (l *lexer) data(text string, sign byte, block bool) {
	if sign == '-' {
		text = strings.TrimRightFunc(text, python.IsSpace)
	} else if sign != '+' && block && l.LstripBlocks {
		begin := strings.LastIndexByte(text, '\n') + 1
		lineStart := l.pos == 0 || l.src[l.pos-1] == '\n'
		if (begin > 0 || lineStart) && strings.TrimLeftFunc(text[begin:], python.IsSpace) == "" {
			text = text[:begin]
		}
	}
	if text != "" {
		l.emit(tData, text)
	}
}

// rawBegin returns the end of a "raw" tag whose content starts at pos, or 0.
func (l *lexer) rawBegin(pos int) int {
	rest := strings.TrimLeftFunc(l.src[pos:], python.IsSpace)
	rest, ok := strings.CutPrefix(rest, "raw")
	if !ok {
		return 0
	}
	rest = strings.TrimLeftFunc(rest, python.IsSpace)
	if r, ok := strings.CutPrefix(rest, "-%}"); ok {
		return len(l.src) - len(strings.TrimLeftFunc(r, python.IsSpace))
	}
	if r, ok := strings.CutPrefix(rest, "%}"); ok {
		return len(l.src) - len(r)
	}
	return 0
}

func (l *lexer) raw() {
	if l.pos == len(l.src) {
		return // as Jinja2, which looks no further
	}
	for i := l.pos; ; i += 2 {
		j := strings.Index(l.src[i:], "{%")
		if j < 0 {
			l.fail("Missing end of raw directive")
		}
		i += j
		rest := l.src[i+2:]
		sign := byte(0)
		if rest != "" && (rest[0] == '-' || rest[0] == '+') {
			sign, rest = rest[0], rest[1:]
		}
		rest, ok := strings.CutPrefix(strings.TrimLeftFunc(rest, python.IsSpace), "endraw")
		if !ok {
			continue
		}
		rest = strings.TrimLeftFunc(rest, python.IsSpace)
		end, ok := l.closing(rest, "%}", true)
		if !ok {
			continue
		}
		l.data(l.src[l.pos:i], sign, true)
		l.skip(len(l.src) - len(rest) + end - l.pos)
		return
	}
}

// closing measures a closing delimiter at the start of s with its sign and the
// white space it swallows. Only blocks and comments know "+" and trim_blocks.
func (l *lexer) closing(s, delim string, block bool) (int, bool) {
	if s == "" {
		return 0, false
	}
	if s[0] == '-' && strings.HasPrefix(s[1:], delim) {
		rest := s[1+len(delim):]
		return len(s) - len(strings.TrimLeftFunc(rest, python.IsSpace)), true
	}
	if block && s[0] == '+' && strings.HasPrefix(s[1:], delim) {
		return 1 + len(delim), true
	}
	if !strings.HasPrefix(s, delim) {
		return 0, false
	}
	n := len(delim)
	if block && l.TrimBlocks && n < len(s) && s[n] == '\n' {
		n++
	}
	return n, true
}

func (l *lexer) comment() {
	if l.pos == len(l.src) {
		return // as Jinja2, which looks no further
	}
	end := strings.Index(l.src[l.pos:], "#}")
	if end < 0 {
		l.fail("Missing end of comment tag")
	}
	if end > 0 && (l.src[l.pos+end-1] == '-' || l.src[l.pos+end-1] == '+') {
		end--
	}
	n, _ := l.closing(l.src[l.pos+end:], "#}", true)
	l.skip(end + n)
}

// tag emits the tokens of an expression or statement up to its end.
func (l *lexer) tag(end kind) {
	delim := "}}"
	if end == tBlockEnd {
		delim = "%}"
	}
	l.balance = l.balance[:0]
	for {
		if l.pos >= len(l.src) {
			return // the parser reports the unexpected end
		}
		if len(l.balance) == 0 {
			if n, ok := l.closing(l.src[l.pos:], delim, end == tBlockEnd); ok {
				l.emit(end, "")
				l.skip(n)
				return
			}
		}
		l.expressionToken()
	}
}

func (l *lexer) expressionToken() {
	c := l.src[l.pos]
	switch {
	case c == ' ':
		l.pos++
	case c >= '0' && c <= '9':
		l.number()
	case isNameByte(c):
		l.word()
	case c == '\'' || c == '"':
		l.stringLiteral(c)
	default:
		r, n := utf8.DecodeRuneInString(l.src[l.pos:])
		if python.IsSpace(r) {
			l.skip(n)
		} else {
			l.operator()
		}
	}
}

func isNameByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isWordRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r)
}

func (l *lexer) word() {
	i := l.pos
	for i < len(l.src) && isNameByte(l.src[i]) {
		i++
	}
	for i < len(l.src) && l.src[i] >= utf8.RuneSelf {
		r, n := utf8.DecodeRuneInString(l.src[i:])
		if !isWordRune(r) {
			break
		}
		i += n
		for i < len(l.src) && isNameByte(l.src[i]) {
			i++
		}
	}
	name := l.src[l.pos:i]
	if !python.IsIdentifier(name) {
		l.fail("Invalid character in identifier")
	}
	l.emit(tName, name)
	l.pos = i
}

func (l *lexer) operator() {
	if l.pos+2 <= len(l.src) {
		if k, ok := operators2[l.src[l.pos:l.pos+2]]; ok {
			l.emit(k, "")
			l.pos += 2
			return
		}
	}
	c := l.src[l.pos]
	if c >= utf8.RuneSelf {
		r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
		if isWordRune(r) {
			l.word()
			return
		}
		l.unexpectedChar(r)
	}
	k := operators1[c]
	if k == 0 {
		l.unexpectedChar(rune(c))
	}
	switch c {
	case '{':
		l.balance = append(l.balance, '}')
	case '(':
		l.balance = append(l.balance, ')')
	case '[':
		l.balance = append(l.balance, ']')
	case '}', ')', ']':
		if len(l.balance) == 0 {
			l.fail("unexpected '%c'", c)
		}
		want := l.balance[len(l.balance)-1]
		l.balance = l.balance[:len(l.balance)-1]
		if want != c {
			l.fail("unexpected '%c', expected '%c'", c, want)
		}
	}
	l.emit(k, "")
	l.pos++
}

func (l *lexer) unexpectedChar(r rune) {
	l.fail("unexpected char %s at %d", python.Quote(string(r)), utf8.RuneCountInString(l.src[:l.pos]))
}
