package python

import (
	"strings"
	"unicode/utf8"
)

// TextWriter makes a text piece by piece and charges for the room it takes.
type TextWriter struct {
	rt *Runtime
	b  strings.Builder
}

// NewText returns an empty TextWriter.
func (rt *Runtime) NewText() *TextWriter { return &TextWriter{rt: rt} }

// Len is the number of bytes that were written.
func (w *TextWriter) Len() int { return w.b.Len() }

func (w *TextWriter) room(n int) {
	if free := w.b.Cap() - w.b.Len(); n > free {
		n = max(n-free, 32)
		w.rt.Charge(2*w.b.Cap() + n)
		w.b.Grow(n)
	}
}

// Add writes a text.
func (w *TextWriter) Add(s string) {
	w.room(len(s))
	w.b.WriteString(s)
}

// AddByte writes an ASCII character.
func (w *TextWriter) AddByte(c byte) {
	w.room(1)
	w.b.WriteByte(c)
}

func (w *TextWriter) writeRune(r rune) {
	w.room(utf8.UTFMax)
	w.b.WriteRune(r)
}

// fill writes a text several times.
func (w *TextWriter) fill(s string, times int) {
	if s == "" || times <= 0 {
		return
	}
	if len(s) > w.rt.Limits.Memory/times {
		w.rt.Charge(-1)
	}
	w.room(len(s) * times)
	for range times {
		w.b.WriteString(s)
	}
}

// Text is what was written. The writer must not be used after it.
func (w *TextWriter) Text() string { return w.b.String() }

// chargeText counts what a function needs that makes a text like s: other
// characters than ASCII are turned into code points on the way, or into more.
func (rt *Runtime) chargeText(s string) {
	if isASCII(s) {
		rt.Charge(len(s))
		return
	}
	rt.ChargeProduct(len(s), 8)
}

// AppendItem is append that charges for the room and for the item.
func (rt *Runtime) AppendItem(items []Value, v Value) []Value {
	if len(items) == cap(items) {
		grown := max(4, 2*cap(items))
		rt.Charge(itemSize * grown)
		items = append(make([]Value, 0, grown), items...)
	}
	rt.Charge(itemSize)
	return append(items, v)
}

// chargeResult counts what a function of the language returned, after it was
// made: only what does not grow with the arguments, and texts.
func (rt *Runtime) chargeResult(v Value) {
	switch v := v.(type) {
	case string:
		rt.Charge(itemSize + len(v))
	case Markup:
		rt.Charge(itemSize + len(v))
	case bool, noneType:
	case *List:
		rt.Charge(listSize)
	case *Dict:
		rt.Charge(3 * entrySize)
	case *generator:
		rt.Charge(3 * entrySize)
	default:
		rt.Charge(64)
	}
}
