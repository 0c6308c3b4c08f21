package jinja

import (
	"math"
	"math/big"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// jsonWriter writes JSON as Python's json.dumps(sort_keys=True) does.
type jsonWriter struct {
	textWriter
	indent string // of one level; "" for one line
	lines  bool
	open   []any
}

// jsonHTML makes JSON safe within HTML.
var jsonHTML = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`)

func (rt *state) toJSON(v, indent Value) Value {
	w := &jsonWriter{textWriter: textWriter{rt: rt}}
	if indent != None {
		w.lines = true
		if s, ok := asString(indent); ok {
			w.indent = jsonHTML.Replace(s)
			rt.chargeProduct(6, len(s))
		} else {
			w.indent = rt.repeatText(" ", max(intArg(rt, indent), 0))
		}
	}
	w.value(v)
	return Markup(w.text())
}

func (w *jsonWriter) value(v Value) {
	if w.b.Len() > w.rt.limits.Output {
		raise(LimitError, "JSON is larger than %d bytes", w.rt.limits.Output)
	}
	switch v := v.(type) {
	case noneType:
		w.write("null")
	case bool:
		if v {
			w.write("true")
		} else {
			w.write("false")
		}
	case int64, *big.Int:
		w.write(scalarText(v))
	case float64:
		w.write(jsonFloat(v))
	case string:
		w.quoted(v)
	case Markup:
		w.quoted(string(v))
	case *List:
		w.list(v, v.Items)
	case *Tuple:
		w.list(v, v.Items)
	case *Dict:
		w.dict(v)
	default:
		raise("TypeError", "Object of type %s is not JSON serializable", strings.TrimPrefix(typeName(v), "datetime."))
	}
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return python.Float(f)
}

func (w *jsonWriter) quoted(s string) {
	w.writeByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.writeByte('\\')
			w.writeRune(r)
		case r == '\n':
			w.write(`\n`)
		case r == '\r':
			w.write(`\r`)
		case r == '\t':
			w.write(`\t`)
		case r == '\b':
			w.write(`\b`)
		case r == '\f':
			w.write(`\f`)
		case r >= 0x10000:
			r -= 0x10000
			w.write(sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff))
		case r < 0x20 || r > 0x7e, r == '<', r == '>', r == '&', r == '\'':
			w.write(sprintf(`\u%04x`, r))
		default:
			w.writeRune(r)
		}
	}
	w.writeByte('"')
}

func (w *jsonWriter) begin(v any) {
	for _, o := range w.open {
		if o == v {
			raise("ValueError", "Circular reference detected")
		}
	}
	w.rt.push()
	w.open = append(w.open, v)
}

func (w *jsonWriter) end() {
	w.rt.pop()
	w.open = w.open[:len(w.open)-1]
}

// separate goes before item i of a list or dict.
func (w *jsonWriter) separate(i int) {
	if i > 0 {
		w.writeByte(',')
		if !w.lines {
			w.writeByte(' ')
		}
	}
	w.newline()
}

func (w *jsonWriter) newline() {
	if w.lines {
		w.writeByte('\n')
		w.fill(w.indent, len(w.open))
	}
}

func (w *jsonWriter) list(id any, items []Value) {
	if len(items) == 0 {
		w.write("[]")
		return
	}
	w.begin(id)
	w.writeByte('[')
	for i, item := range items {
		w.separate(i)
		w.value(item)
	}
	w.end()
	w.newline()
	w.writeByte(']')
}

func (w *jsonWriter) dict(d *Dict) {
	if d.Len() == 0 {
		w.write("{}")
		return
	}
	w.begin(d)
	w.writeByte('{')
	for i, k := range w.rt.sorted(w.rt.listView(&dictView{d, "dict_keys"}), func(v Value) Value { return v }, false) {
		w.separate(i)
		switch k := k.(type) {
		case string:
			w.quoted(k)
		case Markup:
			w.quoted(string(k))
		case *Tuple:
			raise("TypeError", "keys must be str, int, float, bool or None, not tuple")
		default:
			w.writeByte('"')
			w.value(k)
			w.writeByte('"')
		}
		w.write(": ")
		v, _ := d.get(w.rt, k)
		w.value(v)
	}
	w.end()
	w.newline()
	w.writeByte('}')
}
