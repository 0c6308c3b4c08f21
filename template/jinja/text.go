package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxIntDigits is Python's own limit for turning an int into text and back.
const maxIntDigits = 4300

// str is Python's str(v).
func (rt *state) str(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case Markup:
		return string(v)
	case *Undefined:
		if rt.isLenient(v) {
			return ""
		}
		rt.useUndefined(v)
	case *module:
		return v.text
	}
	return rt.repr(v)
}

// repr is Python's repr(v).
func (rt *state) repr(v Value) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case Markup:
		return "Markup(" + quote(string(v)) + ")"
	case noneType, bool, int64, *big.Int, float64:
		return scalarText(v)
	}
	w := &reprWriter{rt: rt}
	w.value(v)
	rt.charge(len(w.b))
	return string(w.b)
}

func scalarText(v Value) string {
	switch v := v.(type) {
	case noneType:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		s := v.String()
		if len(strings.TrimPrefix(s, "-")) > maxIntDigits {
			raise("ValueError", "Exceeds the limit (%d digits) for integer string conversion", maxIntDigits)
		}
		return s
	case float64:
		return floatText(v)
	}
	return ""
}

// floatText is Python's repr of a float: the shortest that reads back the same.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); f != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// reprWriter writes nested values; it stops at cycles as Python does.
type reprWriter struct {
	rt   *state
	b    []byte
	open []any
}

func (w *reprWriter) value(v Value) {
	if len(w.b) > w.rt.limits.Output {
		raise(LimitError, "text of a value is larger than %d bytes", w.rt.limits.Output)
	}
	switch v := v.(type) {
	case *List:
		w.items(v, "[", v.Items, "]")
	case *Tuple:
		end := ")"
		if len(v.Items) == 1 {
			end = ",)"
		}
		w.items(v, "(", v.Items, end)
	case *Dict:
		w.dict(v)
	case *dictView:
		w.text(v.kind + "(")
		w.items(v, "[", v.dict.list(v.kind), "]")
		w.text(")")
	case *namespace:
		w.text("<Namespace ")
		w.dict(v.attrs)
		w.text(">")
	case *Undefined:
		w.text("Undefined")
	case string, Markup, noneType, bool, int64, *big.Int, float64:
		w.text(w.rt.repr(v))
	default:
		w.text(objectText(w.rt, v))
	}
}

func (w *reprWriter) text(s string) { w.b = append(w.b, s...) }

func (w *reprWriter) begin(v any, cycle string) bool {
	for _, o := range w.open {
		if o == v {
			w.text(cycle)
			return false
		}
	}
	w.rt.push()
	w.open = append(w.open, v)
	return true
}

func (w *reprWriter) end() {
	w.rt.pop()
	w.open = w.open[:len(w.open)-1]
}

func (w *reprWriter) items(v any, begin string, items []Value, end string) {
	if !w.begin(v, begin+"..."+end) {
		return
	}
	w.text(begin)
	for i, item := range items {
		if i > 0 {
			w.text(", ")
		}
		w.value(item)
	}
	w.text(end)
	w.end()
}

func (w *reprWriter) dict(d *Dict) {
	if !w.begin(d, "{...}") {
		return
	}
	w.text("{")
	first := true
	for _, e := range d.entries {
		if e.key == nil {
			continue
		}
		if !first {
			w.text(", ")
		}
		first = false
		w.value(e.key)
		w.text(": ")
		w.value(e.value)
	}
	w.text("}")
	w.end()
}

// objectText is the text of values that Python shows with an address, which is
// left out.
func objectText(rt *state, v Value) string {
	switch v := v.(type) {
	case *rangeValue:
		if v.step == 1 {
			return sprintf("range(%d, %d)", v.start, v.stop)
		}
		return sprintf("range(%d, %d, %d)", v.start, v.stop, v.step)
	case *loopContext:
		return sprintf("<LoopContext %d/%d>", v.index0+1, v.length(rt))
	case *macroValue:
		if !v.named {
			return "<Macro anonymous>"
		}
		return "<Macro " + quote(v.name) + ">"
	case *module:
		return "<TemplateModule " + quote(v.tmpl.name) + ">"
	case *selfRef:
		return "<TemplateReference " + quote(v.ctx.tmpl.name) + ">"
	case *boundMethod:
		return "<built-in method " + v.fn.name + " of " + typeName(v.self) + " object>"
	case *function:
		if v.isClass {
			return "<class " + quote(v.fn.name) + ">"
		}
		return "<function " + v.fn.name + ">"
	}
	return "<" + typeName(v) + " object>"
}

// quote is Python's repr of a string.
func quote(s string) string {
	q := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		q = '"'
	}
	b := make([]byte, 0, len(s)+2)
	b = append(b, q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r >= 0x20 && r < 0x7f:
			b = append(b, byte(r))
		case r < 0xa1 || !isPrintable(r):
			b = append(b, asciiEscape(r)...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return string(append(b, q))
}

// isPrintable is str.isprintable of one character.
func isPrintable(r rune) bool {
	return r == ' ' || unicode.IsPrint(r)
}

// isSpace is str.isspace of one character, which is also what \s matches.
func isSpace(r rune) bool {
	switch {
	case r == ' ' || r >= '\t' && r <= '\r':
		return true
	case r < 0x80:
		return r >= 0x1c && r <= 0x1f
	}
	return unicode.IsSpace(r)
}

func (rt *state) joinStr(sep string, values []Value) string {
	texts := make([]string, len(values))
	total := 0
	for i, v := range values {
		texts[i] = rt.str(v)
		total += len(texts[i]) + len(sep)
	}
	rt.charge(total)
	return strings.Join(texts, sep)
}

var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;")

func escapeText(s string) string { return htmlEscaper.Replace(s) }

// escape is markupsafe's escape as text.
func (rt *state) escape(v Value) string {
	if m, ok := v.(Markup); ok {
		return string(m)
	}
	s := escapeText(rt.str(v))
	rt.charge(len(s))
	return s
}
