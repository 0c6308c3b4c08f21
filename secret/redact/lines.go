package redact

import (
	"bytes"
	"slices"
)

// maxHeld is how many bytes without a line break are held back.
const maxHeld = 64 << 10

// Lines cuts what is written in pieces into lines, so that a secret that comes in two pieces is found.
// It is not safe for concurrent use.
type Lines struct {
	// Secrets are hidden in each line.
	Secrets *Secrets
	// Line gets each line with its line break and, of a line that is too long, each part.
	Line func(string)

	held    []byte
	clipped bool // the last line says that something is left out
}

// Add takes the next piece.
func (l *Lines) Add(data []byte) {
	data = append(l.held, data...)
	if end := l.known(data); end > 0 {
		l.lines(string(data[:end]))
		data = data[end:]
	}
	// A line without end is not kept without bound.
	if len(data) > maxHeld {
		if end := l.Secrets.cut(string(data)); end > 0 { // else a longer secret may go on
			l.part(string(data[:end]))
			data = data[end:]
		}
	}
	l.held = slices.Clone(data)
}

// Flush gives out what has no line break at its end.
func (l *Lines) Flush() {
	end := bytes.LastIndexByte(l.held, '\n') + 1
	l.lines(string(l.held[:end]))
	if end < len(l.held) {
		l.part(string(l.held[end:]))
	}
	l.held = nil
}
