package syntax

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slipway-build/slipway/jinja/python"
)

func isDecimal(c byte) bool { return c >= '0' && c <= '9' }

// digits returns the end of a run of digits with single underscores between.
func (l *lexer) digits(i int, ok func(byte) bool) int {
	for i < len(l.src) {
		if ok(l.src[i]) {
			i++
		} else if l.src[i] == '_' && i+1 < len(l.src) && ok(l.src[i+1]) {
			i += 2
		} else {
			break
		}
	}
	return i
}

func (l *lexer) number() {
	if l.pos == 0 || l.src[l.pos-1] != '.' {
		if end := l.floatEnd(); end > 0 {
			text := strings.ReplaceAll(l.src[l.pos:end], "_", "")
			f, _ := strconv.ParseFloat(text, 64) // out of range is infinity, as in Python
			l.emit(tFloat, "")
			l.toks[len(l.toks)-1].num = f
			l.pos = end
			return
		}
	}
	end := l.integerEnd()
	text := strings.ReplaceAll(l.src[l.pos:end], "_", "")
	if len(text) > python.MaxIntDigits && text[1] >= '0' && text[1] <= '9' {
		l.fail("Exceeds the limit (%d digits) for integer string conversion: value has %d digits", python.MaxIntDigits, len(text))
	}
	n, ok := new(big.Int).SetString(text, 0)
	if !ok {
		l.fail("invalid number %s", text)
	}
	l.emit(tInteger, l.src[l.pos:end])
	l.toks[len(l.toks)-1].num = python.FromGo(n)
	l.pos = end
}

// floatEnd returns the end of a float at the current position, or 0.
func (l *lexer) floatEnd() int {
	i := l.digits(l.pos, isDecimal)
	isFloat := false
	if i+1 < len(l.src) && l.src[i] == '.' && isDecimal(l.src[i+1]) {
		i = l.digits(i+1, isDecimal)
		isFloat = true
	}
	if i < len(l.src) && (l.src[i] == 'e' || l.src[i] == 'E') {
		j := i + 1
		if j < len(l.src) && (l.src[j] == '+' || l.src[j] == '-') {
			j++
		}
		if j < len(l.src) && isDecimal(l.src[j]) {
			return l.digits(j, isDecimal)
		}
	}
	if !isFloat {
		return 0
	}
	return i
}

func (l *lexer) integerEnd() int {
	if l.src[l.pos] != '0' {
		return l.digits(l.pos, isDecimal)
	}
	if l.pos+1 < len(l.src) {
		var ok func(byte) bool
		switch l.src[l.pos+1] {
		case 'b', 'B':
			ok = func(c byte) bool { return c == '0' || c == '1' }
		case 'o', 'O':
			ok = func(c byte) bool { return c >= '0' && c <= '7' }
		case 'x', 'X':
			ok = func(c byte) bool { return isDecimal(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
		}
		if ok != nil {
			if end := l.digits(l.pos+2, ok); end > l.pos+2 {
				return end
			}
		}
	}
	return l.digits(l.pos, func(c byte) bool { return c == '0' })
}

func (l *lexer) stringLiteral(quoteChar byte) {
	i := l.pos + 1
	escaped := false
	for ; i < len(l.src) && l.src[i] != quoteChar; i++ {
		if l.src[i] == '\\' {
			escaped = true
			i++
		}
	}
	if i >= len(l.src) {
		l.unexpectedChar(rune(quoteChar))
	}
	text := l.src[l.pos+1 : i]
	if escaped {
		text = l.unescape(text)
	}
	l.emit(tString, text)
	l.skip(i + 1 - l.pos)
}

var simpleEscapes = map[byte]string{
	'\n': "", '\\': "\\", '\'': "'", '"': "\"", 'a': "\a", 'b': "\b",
	'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// unescape decodes Python's escapes; an unknown one stays as it is.
func (l *lexer) unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			i++
			continue
		}
		c := s[i+1]
		if v, ok := simpleEscapes[c]; ok {
			b.WriteString(v)
			i += 2
			continue
		}
		switch {
		case c >= '0' && c <= '7':
			n, j := 0, i+1
			for ; j < len(s) && j < i+4 && s[j] >= '0' && s[j] <= '7'; j++ {
				n = n*8 + int(s[j]-'0')
			}
			b.WriteRune(rune(n))
			i = j
		case c == 'x' || c == 'u' || c == 'U':
			i = l.hexEscape(&b, s, i)
		case c == 'N':
			l.fail("\\N{name} escapes are not supported")
		case c >= utf8.RuneSelf:
			// Jinja2 escapes what is not ASCII before it decodes, so the
			// backslash pairs with that escape's own and the digits remain.
			r, n := utf8.DecodeRuneInString(s[i+1:])
			b.WriteByte('\\')
			b.WriteString(python.Escape(r)[1:])
			i += 1 + n
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
			i += 2
		}
	}
	return b.String()
}

func (l *lexer) hexEscape(b *strings.Builder, s string, i int) int {
	width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i+1]]
	shape := s[i:i+2] + strings.Repeat("X", width) // as Python's message has it
	if i+2+width > len(s) {
		l.fail("truncated %s escape", shape)
	}
	n, err := strconv.ParseUint(s[i+2:i+2+width], 16, 32)
	if err != nil {
		l.fail("truncated %s escape", shape)
	}
	if n > utf8.MaxRune {
		l.fail("illegal Unicode character")
	}
	if n >= 0xD800 && n < 0xE000 {
		l.fail("surrogates are not supported in strings")
	}
	b.WriteRune(rune(n))
	return i + 2 + width
}
