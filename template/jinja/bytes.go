package jinja

import (
	"strings"
	"unicode/utf8"
)

// Binary is data that FromGo makes Python's bytes of.
type Binary interface {
	Binary() []byte
}

// bytesValue is Python's bytes.
type bytesValue string

func (b bytesValue) repr() string {
	q := byte('\'')
	if strings.IndexByte(string(b), '\'') >= 0 && strings.IndexByte(string(b), '"') < 0 {
		q = '"'
	}
	s := make([]byte, 0, len(b)+3)
	s = append(s, 'b', q)
	for i := range len(b) {
		switch c := b[i]; {
		case c == q || c == '\\':
			s = append(s, '\\', c)
		case c == '\n':
			s = append(s, `\n`...)
		case c == '\r':
			s = append(s, `\r`...)
		case c == '\t':
			s = append(s, `\t`...)
		case c < 0x20 || c > 0x7e:
			s = append(s, sprintf(`\x%02x`, c)...)
		default:
			s = append(s, c)
		}
	}
	return string(append(s, q))
}

// ints lists the bytes, which are numbers in Python.
func (b bytesValue) ints() []Value {
	items := make([]Value, len(b))
	for i := range len(b) {
		items[i] = int64(b[i])
	}
	return items
}

func bytesArg(v Value) string {
	b, ok := v.(bytesValue)
	if !ok {
		raise("TypeError", "a bytes-like object is required, not '%s'", typeName(v))
	}
	return string(b)
}

var bytesMethods = map[string]*builtin{
	"decode": define("decode", "self, encoding='utf-8', errors='strict'", func(rt *state, a []Value) Value {
		return rt.decode(string(a[0].(bytesValue)), textArg(a[1], "encoding"), textArg(a[2], "errors"))
	}),
	"hex": define("hex", "self, sep=''", func(rt *state, a []Value) Value {
		w := &textWriter{rt: rt}
		for i, c := range []byte(a[0].(bytesValue)) {
			if i > 0 {
				w.write(textArg(a[1], "sep"))
			}
			w.write(sprintf("%02x", c))
		}
		return w.text()
	}),
	"startswith": define("startswith", "self, prefix, /", func(_ *state, a []Value) Value {
		return strings.HasPrefix(string(a[0].(bytesValue)), bytesArg(a[1]))
	}),
	"endswith": define("endswith", "self, suffix, /", func(_ *state, a []Value) Value {
		return strings.HasSuffix(string(a[0].(bytesValue)), bytesArg(a[1]))
	}),
	"count": define("count", "self, sub, /", func(_ *state, a []Value) Value {
		return int64(strings.Count(string(a[0].(bytesValue)), bytesArg(a[1])))
	}),
	"find": define("find", "self, sub, /", func(_ *state, a []Value) Value {
		return int64(strings.Index(string(a[0].(bytesValue)), bytesArg(a[1])))
	}),
	"upper": bytesMethod("upper", func(s string) string { return mapASCII(s, upper) }),
	"lower": bytesMethod("lower", func(s string) string { return mapASCII(s, lower) }),
	"strip": bytesMethod("strip", func(s string) string { return strings.Trim(s, " \t\n\r\f\v") }),
}

func bytesMethod(name string, fn func(s string) string) *builtin {
	return define(name, "self, /", func(rt *state, a []Value) Value {
		rt.charge(len(a[0].(bytesValue)))
		return bytesValue(fn(string(a[0].(bytesValue))))
	})
}

func mapASCII(s string, fn func(string) string) string {
	b := []byte(s)
	for i, c := range b {
		if c < utf8.RuneSelf {
			b[i] = fn(string(rune(c)))[0]
		}
	}
	return string(b)
}

// encodings are the names of those that templates have, without punctuation.
var encodings = map[string]rune{
	"utf8": utf8.MaxRune, "u8": utf8.MaxRune, "ascii": 0x7f, "usascii": 0x7f, "latin1": 0xff, "iso88591": 0xff, "l1": 0xff,
}

func encodingOf(name string) rune {
	last, ok := encodings[strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))]
	if !ok {
		raise("LookupError", "unknown encoding: %s", name)
	}
	return last
}

func (rt *state) decode(s, encoding, errors string) string {
	last := encodingOf(encoding)
	w := &textWriter{rt: rt}
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if last == utf8.MaxRune {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		if r > last || last == utf8.MaxRune && r == utf8.RuneError && n == 1 {
			switch errors {
			case "ignore":
			case "replace":
				w.writeRune(utf8.RuneError)
			default:
				raise("UnicodeDecodeError", "'%s' codec can't decode byte 0x%02x in position %d", encoding, s[i], i)
			}
		} else {
			w.writeRune(r)
		}
		i += n
	}
	return w.text()
}

func (rt *state) encode(s, encoding, errors string) Value {
	last := encodingOf(encoding)
	if last == utf8.MaxRune || isASCII(s) {
		return bytesValue(s)
	}
	w := &textWriter{rt: rt}
	for i, r := range []rune(s) {
		switch {
		case r <= last:
			w.writeByte(byte(r))
		case errors == "ignore":
		case errors == "replace":
			w.writeByte('?')
		default:
			raise("UnicodeEncodeError", "'%s' codec can't encode character %s in position %d: ordinal not in range(%d)",
				encoding, quote(string(r)), i, last+1)
		}
	}
	return bytesValue(w.text())
}
