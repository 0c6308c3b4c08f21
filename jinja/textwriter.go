package jinja

import (
	"strings"
	"unicode/utf8"
)

// textWriter makes a text piece by piece and charges for the room it takes.
type textWriter struct {
	rt *state
	b  strings.Builder
}

func (w *textWriter) room(n int) {
	if free := w.b.Cap() - w.b.Len(); n > free {
		n = max(n-free, 32)
		w.rt.charge(2*w.b.Cap() + n)
		w.b.Grow(n)
	}
}

func (w *textWriter) write(s string) {
	w.room(len(s))
	w.b.WriteString(s)
}

func (w *textWriter) writeByte(c byte) {
	w.room(1)
	w.b.WriteByte(c)
}

func (w *textWriter) writeRune(r rune) {
	w.room(utf8.UTFMax)
	w.b.WriteRune(r)
}

// fill writes a text several times.
func (w *textWriter) fill(s string, times int) {
	if s == "" || times <= 0 {
		return
	}
	if len(s) > w.rt.limits.Memory/times {
		w.rt.charge(-1)
	}
	w.room(len(s) * times)
	for range times {
		w.b.WriteString(s)
	}
}

// text is what was written. The writer must not be used after it.
func (w *textWriter) text() string { return w.b.String() }

// chargeText counts what a function needs that makes a text like s: other
// characters than ASCII are turned into code points on the way, or into more.
func (rt *state) chargeText(s string) {
	if isASCII(s) {
		rt.charge(len(s))
		return
	}
	rt.chargeProduct(len(s), 8)
}

// appendItem is append that charges for the room and for the item.
func (rt *state) appendItem(items []Value, v Value) []Value {
	if len(items) == cap(items) {
		grown := max(4, 2*cap(items))
		rt.charge(itemSize * grown)
		items = append(make([]Value, 0, grown), items...)
	}
	rt.charge(itemSize)
	return append(items, v)
}

// chargeResult counts what a function of the language returned, after it was
// made: only what does not grow with the arguments, and texts.
func (rt *state) chargeResult(v Value) {
	switch v := v.(type) {
	case string:
		rt.charge(itemSize + len(v))
	case Markup:
		rt.charge(itemSize + len(v))
	case bool, noneType:
	case *List:
		rt.charge(listSize)
	case *Dict:
		rt.charge(3 * entrySize)
	case *generator:
		rt.charge(3 * entrySize)
	default:
		rt.charge(64)
	}
}
