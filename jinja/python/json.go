package python

import (
	"math"
	"math/big"
	"strings"
)

// jsonWriter writes JSON as Python's json.dumps(sort_keys=True) does.
type jsonWriter struct {
	TextWriter
	indent string // of one level; "" for one line
	lines  bool
	open   []any
}

// jsonHTML makes JSON safe within HTML.
var jsonHTML = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`)

// ToJSON is json.dumps(v, sort_keys=True, indent=indent), safe within HTML.
func (rt *Runtime) ToJSON(v, indent Value) Value {
	w := &jsonWriter{TextWriter: TextWriter{rt: rt}}
	if indent != None {
		w.lines = true
		if s, ok := Text(indent); ok {
			w.indent = jsonHTML.Replace(s)
			rt.ChargeProduct(6, len(s))
		} else {
			w.indent = rt.RepeatText(" ", max(rt.IntArg(indent), 0))
		}
	}
	w.value(v)
	return Markup(w.Text())
}

func (w *jsonWriter) value(v Value) {
	if w.b.Len() > w.rt.Limits.Output {
		Raise(LimitError, "JSON is larger than %d bytes", w.rt.Limits.Output)
	}
	switch v := v.(type) {
	case noneType:
		w.Add("null")
	case bool:
		if v {
			w.Add("true")
		} else {
			w.Add("false")
		}
	case int64, *big.Int:
		w.Add(scalarText(v))
	case float64:
		w.Add(jsonFloat(v))
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
		Raise("TypeError", "Object of type %s is not JSON serializable", strings.TrimPrefix(typeName(v), "datetime."))
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
	return Float(f)
}

func (w *jsonWriter) quoted(s string) {
	w.AddByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.AddByte('\\')
			w.writeRune(r)
		case r == '\n':
			w.Add(`\n`)
		case r == '\r':
			w.Add(`\r`)
		case r == '\t':
			w.Add(`\t`)
		case r == '\b':
			w.Add(`\b`)
		case r == '\f':
			w.Add(`\f`)
		case r >= 0x10000:
			r -= 0x10000
			w.Add(sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff))
		case r < 0x20 || r > 0x7e, r == '<', r == '>', r == '&', r == '\'':
			w.Add(sprintf(`\u%04x`, r))
		default:
			w.writeRune(r)
		}
	}
	w.AddByte('"')
}

func (w *jsonWriter) begin(v any) {
	for _, o := range w.open {
		if o == v {
			Raise("ValueError", "Circular reference detected")
		}
	}
	w.rt.Push()
	w.open = append(w.open, v)
}

func (w *jsonWriter) end() {
	w.rt.Pop()
	w.open = w.open[:len(w.open)-1]
}

// separate goes before item i of a list or dict.
func (w *jsonWriter) separate(i int) {
	if i > 0 {
		w.AddByte(',')
		if !w.lines {
			w.AddByte(' ')
		}
	}
	w.newline()
}

func (w *jsonWriter) newline() {
	if w.lines {
		w.AddByte('\n')
		w.fill(w.indent, len(w.open))
	}
}

func (w *jsonWriter) list(id any, items []Value) {
	if len(items) == 0 {
		w.Add("[]")
		return
	}
	w.begin(id)
	w.AddByte('[')
	for i, item := range items {
		w.separate(i)
		w.value(item)
	}
	w.end()
	w.newline()
	w.AddByte(']')
}

func (w *jsonWriter) dict(d *Dict) {
	if d.Len() == 0 {
		w.Add("{}")
		return
	}
	w.begin(d)
	w.AddByte('{')
	for i, k := range w.rt.Sorted(w.rt.listView(&dictView{d, "dict_keys"}), func(v Value) Value { return v }, false) {
		w.separate(i)
		switch k := k.(type) {
		case string:
			w.quoted(k)
		case Markup:
			w.quoted(string(k))
		case *Tuple:
			Raise("TypeError", "keys must be str, int, float, bool or None, not tuple")
		default:
			w.AddByte('"')
			w.value(k)
			w.AddByte('"')
		}
		w.Add(": ")
		v, _ := d.Get(w.rt, k)
		w.value(v)
	}
	w.end()
	w.newline()
	w.AddByte('}')
}
