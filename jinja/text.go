package jinja

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"github.com/slipway-build/slipway/jinja/python"
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
func (rt *state) repr(v Value) string {
	switch v := v.(type) {
	case string:
		rt.chargeProduct(2, python.QuotedSize(v))
		return quote(v)
	case Markup:
		rt.chargeProduct(3, python.QuotedSize(string(v)))
		return "Markup(" + quote(string(v)) + ")"
	case noneType, bool, int64, *big.Int, float64:
		return scalarText(v)
	}
	w := &reprWriter{textWriter: textWriter{rt: rt}}
	w.value(v)
	return w.text()
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
		return python.Float(v)
	}
	return ""
}

// reprWriter writes nested values; it stops at cycles as Python does.
type reprWriter struct {
	textWriter
	open []any
}

func (w *reprWriter) value(v Value) {
	if w.b.Len() > w.rt.limits.Output {
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
		w.write(v.kind + "(")
		w.items(v, "[", w.rt.listView(v), "]")
		w.write(")")
	case *namespace:
		w.write("<Namespace ")
		w.dict(v.attrs)
		w.write(">")
	case *Undefined:
		w.write("Undefined")
	case string, Markup, noneType, bool, int64, *big.Int, float64:
		w.write(w.rt.repr(v))
	default:
		w.write(objectText(w.rt, v))
	}
}

func (w *reprWriter) begin(v any, cycle string) bool {
	for _, o := range w.open {
		if o == v {
			w.write(cycle)
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
	w.write(begin)
	for i, item := range items {
		if i > 0 {
			w.write(", ")
		}
		w.value(item)
	}
	w.write(end)
	w.end()
}

func (w *reprWriter) dict(d *Dict) {
	if !w.begin(d, "{...}") {
		return
	}
	w.write("{")
	first := true
	for _, e := range d.entries {
		if e.key == nil {
			continue
		}
		if !first {
			w.write(", ")
		}
		first = false
		w.value(e.key)
		w.write(": ")
		w.value(e.value)
	}
	w.write("}")
	w.end()
}

// objectText is the text of values that Python shows with an address, which is
// left out.
func objectText(rt *state, v Value) string {
	switch v := v.(type) {
	case *dateValue:
		return v.repr()
	case deltaValue:
		return v.repr()
	case zoneValue:
		return v.repr()
	case bytesValue:
		rt.chargeProduct(len(v)+3, 8)
		return v.repr()
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
	case *joiner, *cycler:
		return "<jinja2.utils." + typeName(v) + " object>"
	case *selfRef:
		return "<TemplateReference " + quote(v.ctx.tmpl.name) + ">"
	case *boundMethod:
		return "<built-in method " + v.fn.name + " of " + typeName(v.self) + " object>"
	case *function:
		if v.isClass {
			return "<class " + quote(className(v.fn.name)) + ">"
		}
		return "<function " + v.fn.name + ">"
	}
	return "<" + typeName(v) + " object>"
}

// className is a class's name with its module.
func className(global string) string {
	switch global {
	case "cycler", "joiner", "namespace":
		return "jinja2.utils." + strings.ToUpper(global[:1]) + global[1:]
	}
	return global
}

// quote is Python's repr of a string.
func quote(s string) string { return python.Quote(s) }

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
	rt.charge(2 * textSize * len(values))
	texts := make([]string, len(values))
	total := 0
	for i, v := range values {
		texts[i] = rt.str(v)
		total += len(texts[i]) + len(sep)
	}
	rt.charge(total)
	return strings.Join(texts, sep)
}

// escapes are the five characters that HTML wants escaped.
var escapes = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '\'': "&#39;", '"': "&#34;"}

// escapeText escapes s for HTML.
func (rt *state) escapeText(s string) string {
	n := len(s)
	for i := 0; i < len(s); i++ {
		if e := escapes[s[i]]; e != "" {
			n += len(e) - 1
		}
	}
	if n == len(s) {
		return s
	}
	w := &textWriter{rt: rt}
	w.room(n)
	for i := 0; i < len(s); i++ {
		if e := escapes[s[i]]; e != "" {
			w.b.WriteString(e)
		} else {
			w.b.WriteByte(s[i])
		}
	}
	return w.text()
}

// escape is markupsafe's escape as text.
func (rt *state) escape(v Value) string {
	if m, ok := v.(Markup); ok {
		return string(m)
	}
	return rt.escapeText(rt.str(v))
}
