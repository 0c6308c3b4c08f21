package jinja

import (
	"math"
	"math/big"
	"strings"
)

// jsonWriter writes JSON as Python's json.dumps(sort_keys=True) does.
type jsonWriter struct {
	rt     *state
	b      strings.Builder
	indent string // of one level; "" for one line
	lines  bool
	open   []any
}

var jsonHTML = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`)

func (rt *state) toJSON(v, indent Value) Value {
	w := &jsonWriter{rt: rt}
	if indent != None {
		w.lines = true
		if s, ok := asString(indent); ok {
			w.indent = s
		} else {
			w.indent = rt.repeatText(" ", max(intArg(rt, indent), 0))
		}
	}
	w.value(v)
	return Markup(jsonHTML.Replace(w.b.String()))
}

func (w *jsonWriter) value(v Value) {
	if w.b.Len() > w.rt.limits.Output {
		raise(LimitError, "JSON is larger than %d bytes", w.rt.limits.Output)
	}
	switch v := v.(type) {
	case noneType:
		w.b.WriteString("null")
	case bool:
		if v {
			w.b.WriteString("true")
		} else {
			w.b.WriteString("false")
		}
	case int64, *big.Int:
		w.b.WriteString(scalarText(v))
	case float64:
		w.b.WriteString(jsonFloat(v))
	case string:
		w.text(v)
	case Markup:
		w.text(string(v))
	case *List:
		w.list(v, v.Items)
	case *Tuple:
		w.list(v, v.Items)
	case *Dict:
		w.dict(v)
	default:
		raise("TypeError", "Object of type %s is not JSON serializable", typeName(v))
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
	return floatText(f)
}

func (w *jsonWriter) text(s string) {
	w.rt.charge(len(s))
	w.b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.b.WriteByte('\\')
			w.b.WriteRune(r)
		case r == '\n':
			w.b.WriteString(`\n`)
		case r == '\r':
			w.b.WriteString(`\r`)
		case r == '\t':
			w.b.WriteString(`\t`)
		case r == '\b':
			w.b.WriteString(`\b`)
		case r == '\f':
			w.b.WriteString(`\f`)
		case r >= 0x10000:
			r -= 0x10000
			w.b.WriteString(sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff))
		case r < 0x20 || r > 0x7e:
			w.b.WriteString(sprintf(`\u%04x`, r))
		default:
			w.b.WriteRune(r)
		}
	}
	w.b.WriteByte('"')
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
		w.b.WriteByte(',')
		if !w.lines {
			w.b.WriteByte(' ')
		}
	}
	w.newline()
}

func (w *jsonWriter) newline() {
	if w.lines {
		w.b.WriteByte('\n')
		w.b.WriteString(w.rt.repeatText(w.indent, len(w.open)))
	}
}

func (w *jsonWriter) list(id any, items []Value) {
	if len(items) == 0 {
		w.b.WriteString("[]")
		return
	}
	w.begin(id)
	w.b.WriteByte('[')
	for i, item := range items {
		w.separate(i)
		w.value(item)
	}
	w.end()
	w.newline()
	w.b.WriteByte(']')
}

func (w *jsonWriter) dict(d *Dict) {
	if d.Len() == 0 {
		w.b.WriteString("{}")
		return
	}
	w.begin(d)
	w.b.WriteByte('{')
	for i, k := range w.rt.sorted(d.keys(), func(v Value) Value { return v }, false) {
		w.separate(i)
		switch k := k.(type) {
		case string:
			w.text(k)
		case Markup:
			w.text(string(k))
		case *Tuple:
			raise("TypeError", "keys must be str, int, float, bool or None, not tuple")
		default:
			w.b.WriteByte('"')
			w.value(k)
			w.b.WriteByte('"')
		}
		w.b.WriteString(": ")
		v, _ := d.get(w.rt, k)
		w.value(v)
	}
	w.end()
	w.newline()
	w.b.WriteByte('}')
}
