package python

import (
	"strings"
	"unicode/utf8"
)

// binary is data that FromGo makes Python's bytes of.
type binary interface {
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
		Raise("TypeError", "a bytes-like object is required, not '%s'", typeName(v))
	}
	return string(b)
}

var bytesMethods = map[string]*Builtin{
	"decode": Define("decode", "self, encoding='utf-8', errors='strict'", func(rt *Runtime, a []Value) Value {
		return rt.decode(string(a[0].(bytesValue)), textArg(a[1], "encoding"), textArg(a[2], "errors"))
	}),
	"hex": Define("hex", "self, sep=''", func(rt *Runtime, a []Value) Value {
		sep := textArg(a[1], "sep")
		if len(sep) > 1 {
			Raise("ValueError", "sep must be length 1.")
		}
		w := &TextWriter{rt: rt}
		for i, c := range []byte(a[0].(bytesValue)) {
			if i > 0 {
				w.Add(sep)
			}
			w.Add(sprintf("%02x", c))
		}
		return w.Text()
	}),
}

func init() {
	for _, name := range []string{"capitalize", "center", "count", "endswith", "expandtabs", "find", "index", "isalnum",
		"isalpha", "isascii", "isdigit", "islower", "isspace", "istitle", "isupper", "join", "ljust", "lower", "lstrip",
		"partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip",
		"split", "splitlines", "startswith", "strip", "swapcase", "title", "upper", "zfill"} {
		bytesMethods[name] = bytesMethod(name)
	}
}

// bytesMethod is the method of str on characters that stand for the bytes:
// those beyond ASCII are none that str knows anything of.
func bytesMethod(name string) *Builtin {
	return Define(name, "self, *args, **kwargs", func(rt *Runtime, a []Value) Value {
		pos := []Value{rt.bytesText(string(a[0].(bytesValue)), name)}
		for i, arg := range a[1].(*Tuple).Items {
			if _, isInt := arg.(int64); !isInt || i == 0 {
				arg = rt.bytesArgument(arg, name)
			}
			pos = append(pos, arg)
		}
		named := a[2].(*Dict).NamedArgs()
		for i := range named {
			named[i].Value = rt.bytesArgument(named[i].Value, name)
		}
		return rt.bytesResult(rt.CallBuiltin(stringMethods[name], pos, named))
	})
}

// byteRune is the first of the characters for bytes that are not ASCII; they
// are of Unicode's private use.
const byteRune = 0xe000

func (rt *Runtime) bytesText(s, method string) string {
	w := &TextWriter{rt: rt}
	for _, c := range []byte(s) {
		// White space and line ends of str that are none of bytes.
		other := c >= 0x1c && c < 0x20 || method == "splitlines" && (c == '\v' || c == '\f')
		if c >= utf8.RuneSelf || other {
			w.writeRune(byteRune + rune(c))
		} else {
			w.AddByte(c)
		}
	}
	return w.Text()
}

func (rt *Runtime) bytesArgument(v Value, method string) Value {
	switch x := v.(type) {
	case string, Markup:
		bytesArg(v) // refuses it
	case bytesValue:
		return rt.bytesText(string(x), method)
	case int64:
		switch method {
		case "find", "rfind", "index", "rindex", "count":
			if x >= 0 && x < 256 {
				return rt.bytesText(string([]byte{byte(x)}), method)
			}
		}
	case *List:
		return NewList(rt.bytesItems(x.Items, method))
	case *Tuple:
		return newTuple(rt.bytesItems(x.Items, method)...)
	}
	return v
}

func (rt *Runtime) bytesItems(items []Value, method string) []Value {
	var out []Value
	for _, item := range items {
		out = rt.AppendItem(out, rt.bytesArgument(item, method))
	}
	return out
}

func (rt *Runtime) bytesResult(v Value) Value {
	each := func(items []Value) []Value {
		rt.ChargeProduct(len(items), itemSize)
		for i := range items {
			items[i] = rt.bytesResult(items[i])
		}
		return items
	}
	switch v := v.(type) {
	case string:
		b := make([]byte, 0, len(v))
		for _, r := range v {
			b = append(b, byte(r)) // byteRune ends with a zero byte
		}
		return bytesValue(b)
	case *List:
		each(v.Items)
	case *Tuple:
		each(v.Items)
	}
	return v
}

// encodings are the names of those that templates have, without punctuation.
var encodings = map[string]rune{
	"utf8": utf8.MaxRune, "u8": utf8.MaxRune, "ascii": 0x7f, "usascii": 0x7f, "latin1": 0xff, "iso88591": 0xff, "l1": 0xff,
}

func encodingOf(name string) rune {
	last, ok := encodings[strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))]
	if !ok {
		Raise("LookupError", "unknown encoding: %s", name)
	}
	return last
}

func (rt *Runtime) decode(s, encoding, errors string) string {
	last := encodingOf(encoding)
	w := &TextWriter{rt: rt}
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
				Raise("UnicodeDecodeError", "'%s' codec can't decode byte 0x%02x in position %d", encoding, s[i], i)
			}
		} else {
			w.writeRune(r)
		}
		i += n
	}
	return w.Text()
}

func (rt *Runtime) encode(s, encoding, errors string) Value {
	last := encodingOf(encoding)
	if last == utf8.MaxRune || isASCII(s) {
		return bytesValue(s)
	}
	w := &TextWriter{rt: rt}
	for i, r := range []rune(s) {
		switch {
		case r <= last:
			w.AddByte(byte(r))
		case errors == "ignore":
		case errors == "replace":
			w.AddByte('?')
		default:
			Raise("UnicodeEncodeError", "'%s' codec can't encode character %s in position %d: ordinal not in range(%d)",
				encoding, Quote(string(r)), i, last+1)
		}
	}
	return bytesValue(w.Text())
}

// RawText is the text of a value, or its bytes where it has such.
func (rt *Runtime) RawText(v Value) string {
	if b, ok := v.(bytesValue); ok {
		return string(b)
	}
	return rt.Str(v)
}
