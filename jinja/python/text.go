package python

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// MaxIntDigits is Python's own limit for turning an int into text and back.
const MaxIntDigits = 4300

// Str is Python's str(v).
func (rt *Runtime) Str(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case Markup:
		return string(v)
	case *Undefined:
		if rt.IsLenient(v) {
			return ""
		}
		rt.Program.Undefined(v)
	case Object:
		return v.Text(rt, false)
	case *dateValue:
		return v.iso(" ", "auto")
	case deltaValue:
		return v.text()
	case zoneValue:
		return v.name()
	}
	return rt.repr(v)
}

// repr is Python's repr(v).
func (rt *Runtime) repr(v Value) string {
	switch v := v.(type) {
	case string:
		rt.ChargeProduct(2, quotedSize(v))
		return Quote(v)
	case Markup:
		rt.ChargeProduct(3, quotedSize(string(v)))
		return "Markup(" + Quote(string(v)) + ")"
	case noneType, bool, int64, *big.Int, float64:
		return scalarText(v)
	}
	w := &reprWriter{TextWriter: TextWriter{rt: rt}}
	w.value(v)
	return w.Text()
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
		if len(strings.TrimPrefix(s, "-")) > MaxIntDigits {
			Raise("ValueError", "Exceeds the limit (%d digits) for integer string conversion", MaxIntDigits)
		}
		return s
	case float64:
		return Float(v)
	}
	return ""
}

// reprWriter writes nested values; it stops at cycles as Python does.
type reprWriter struct {
	TextWriter
	open []any
}

func (w *reprWriter) value(v Value) {
	if w.b.Len() > w.rt.Limits.Output {
		Raise(LimitError, "text of a value is larger than %d bytes", w.rt.Limits.Output)
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
		w.Add(v.kind + "(")
		w.items(v, "[", w.rt.listView(v), "]")
		w.Add(")")
	case *Namespace:
		w.Add("<Namespace ")
		w.dict(v.Attrs)
		w.Add(">")
	case *Undefined:
		w.Add("Undefined")
	case string, Markup, noneType, bool, int64, *big.Int, float64:
		w.Add(w.rt.repr(v))
	default:
		w.Add(objectText(w.rt, v))
	}
}

func (w *reprWriter) begin(v any, cycle string) bool {
	for _, o := range w.open {
		if o == v {
			w.Add(cycle)
			return false
		}
	}
	w.rt.Push()
	w.open = append(w.open, v)
	return true
}

func (w *reprWriter) end() {
	w.rt.Pop()
	w.open = w.open[:len(w.open)-1]
}

func (w *reprWriter) items(v any, begin string, items []Value, end string) {
	if !w.begin(v, begin+"..."+end) {
		return
	}
	w.Add(begin)
	for i, item := range items {
		if i > 0 {
			w.Add(", ")
		}
		w.value(item)
	}
	w.Add(end)
	w.end()
}

func (w *reprWriter) dict(d *Dict) {
	if !w.begin(d, "{...}") {
		return
	}
	w.Add("{")
	first := true
	for _, e := range d.entries {
		if e.key == nil {
			continue
		}
		if !first {
			w.Add(", ")
		}
		first = false
		w.value(e.key)
		w.Add(": ")
		w.value(e.value)
	}
	w.Add("}")
	w.end()
}

// objectText is the text of values that Python shows with an address, which is
// left out.
func objectText(rt *Runtime, v Value) string {
	switch v := v.(type) {
	case *dateValue:
		return v.repr()
	case deltaValue:
		return v.repr()
	case zoneValue:
		return v.repr()
	case bytesValue:
		rt.ChargeProduct(len(v)+3, 8)
		return v.repr()
	case *rangeValue:
		if v.step == 1 {
			return sprintf("range(%d, %d)", v.start, v.stop)
		}
		return sprintf("range(%d, %d, %d)", v.start, v.stop, v.step)
	case Object:
		return v.Text(rt, true)
	case *boundMethod:
		return "<built-in method " + v.fn.Name + " of " + typeName(v.self) + " object>"
	case *Builtin:
		if v.Class != "" {
			return "<class " + Quote(v.Class) + ">"
		}
		return "<function " + v.Name + ">"
	}
	return "<" + typeName(v) + " object>"
}

// IsSpace is str.isspace of one character, which is also what \s matches.
func IsSpace(r rune) bool {
	switch {
	case r == ' ' || r >= '\t' && r <= '\r':
		return true
	case r < 0x80:
		return r >= 0x1c && r <= 0x1f
	}
	return unicode.IsSpace(r)
}

// JoinStr is sep.join(values), of what the values print.
func (rt *Runtime) JoinStr(sep string, values []Value) string {
	rt.Charge(2 * textSize * len(values))
	texts := make([]string, len(values))
	total := 0
	for i, v := range values {
		texts[i] = rt.Str(v)
		total += len(texts[i]) + len(sep)
	}
	rt.Charge(total)
	return strings.Join(texts, sep)
}

// escapes are the five characters that HTML wants escaped.
var escapes = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\'': "&#39;", '"': "&#34;"}

// EscapeText escapes s for HTML.
func (rt *Runtime) EscapeText(s string) string {
	n := len(s)
	for i := 0; i < len(s); i++ {
		if e := escapes[s[i]]; e != "" {
			n += len(e) - 1
		}
	}
	if n == len(s) {
		return s
	}
	w := &TextWriter{rt: rt}
	w.room(n)
	for i := 0; i < len(s); i++ {
		if e := escapes[s[i]]; e != "" {
			w.b.WriteString(e)
		} else {
			w.b.WriteByte(s[i])
		}
	}
	return w.Text()
}

// Escape is markupsafe's escape as text.
func (rt *Runtime) Escape(v Value) string {
	if m, ok := v.(Markup); ok {
		return string(m)
	}
	return rt.EscapeText(rt.Str(v))
}

// Markup marks text made by a template as safe where autoescape is on.
func (rt *Runtime) Markup(s string) Value {
	if rt.Autoescape {
		return Markup(s)
	}
	return s
}

// ConcatMarkup joins with "~" where autoescape is on: from the first Markup on
// the whole is Markup.
func (rt *Runtime) ConcatMarkup(values []Value) Value {
	isMarkup := false
	for _, v := range values {
		if _, ok := v.(Markup); ok {
			isMarkup = true
		}
	}
	b := &TextWriter{rt: rt}
	for _, v := range values {
		if isMarkup {
			b.Add(rt.Escape(v))
		} else {
			b.Add(rt.Str(v))
		}
	}
	if isMarkup {
		return Markup(b.Text())
	}
	return b.Text()
}
