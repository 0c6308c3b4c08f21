// Package outlet is where text leaves the process. What it writes has no secrets, and nothing of it is a
// command to the terminal that shows it.
package outlet

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/slipway-build/slipway/secret/redact"
)

// Writer hides secrets and, where a terminal shows the text, makes visible what the terminal would obey.
// Files get that as it was said. A secret is found, too, when it comes in several writes: its
// beginning is held back until the next one. Writer is safe for concurrent use.
type Writer struct {
	w        io.Writer
	file     *os.File // nil for what is no file
	terminal bool

	mu      sync.Mutex
	secrets *redact.Secrets
	held    []byte
	err     *Error
}

// New writes to w.
func New(w io.Writer) *Writer {
	o := &Writer{w: w}
	if f, ok := w.(*os.File); ok {
		o.file, o.terminal = f, term.IsTerminal(int(f.Fd()))
	}
	return o
}

// File is what is written to, if it is a file.
func (o *Writer) File() *os.File { return o.file }

// Terminal tells whether a terminal shows the text.
func (o *Writer) Terminal() bool { return o.terminal }

// Hide sets the secrets of all that is written from now on.
func (o *Writer) Hide(s *redact.Secrets) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.secrets = s
}

// Write implements io.Writer. What it holds back counts as written.
func (o *Writer) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := string(append(o.held, p...))
	end := o.complete(text)
	o.held = []byte(text[end:])
	return len(p), o.put(o.secrets.Text(text[:end]))
}

// complete is how much of a text is whole: no secret and no letter goes on behind it.
func (o *Writer) complete(text string) int {
	end := o.secrets.Complete(text)
	if !o.terminal {
		return end
	}
	for at := end - 1; at >= 0 && at > end-utf8.UTFMax; at-- {
		if utf8.RuneStart(text[at]) {
			if !utf8.FullRuneInString(text[at:end]) {
				return at
			}
			break
		}
	}
	return end
}

// put writes text without secrets.
func (o *Writer) put(text string) error {
	if o.terminal {
		text = Visible(text)
	}
	if text == "" {
		return nil
	}
	return o.send([]byte(text))
}

// Flush writes what was held back.
func (o *Writer) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flush()
}

func (o *Writer) flush() error {
	text := o.secrets.Text(string(o.held))
	o.held = nil
	return o.put(text)
}

// Control writes a sequence of the program's own that the terminal obeys.
func (o *Writer) Control(sequence string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.flush(); err != nil {
		return err
	}
	return o.send([]byte(sequence))
}

// Exact writes text that somebody asked for as it is, such as a rendered Dockerfile: nothing is hidden in
// it. A terminal does not obey it either.
func (o *Writer) Exact(text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.flush(); err != nil {
		return err
	}
	return o.put(text)
}

// JSON writes a document, or a line of them. Secrets are hidden in its strings alone, so it stays JSON; what a
// terminal would obey is escaped there, which says the same.
func (o *Writer) JSON(document []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.flush(); err != nil {
		return err
	}
	return o.send(escapeJSON(document, o.secrets))
}

// escapeJSON goes from string to string.
func escapeJSON(document []byte, secrets *redact.Secrets) []byte {
	var out bytes.Buffer
	out.Grow(len(document))
	for {
		from := bytes.IndexByte(document, '"')
		if from < 0 {
			out.Write(document)
			return out.Bytes()
		}
		length := stringEnd(document[from:])
		out.Write(document[:from])
		writeString(&out, document[from:from+length], secrets)
		document = document[from+length:]
	}
}

// stringEnd is the length of the JSON string that text begins with, with its quotes.
func stringEnd(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// obeyed are the letters that Visible makes visible.
func obeyed(r rune) bool { return !slices.Contains([]rune{'\n', '\t'}, r) && isControl(r) }

// Visible is the text with escapes, as Go and C write them, in the place of what a terminal obeys or hides: the
// control characters of ISO 6429 but tabs and line breaks, marks of Unicode's bidirectional algorithm (UAX #9),
// its line separators and tags, and bytes that are no UTF-8. The carriage return of a line end is dropped.
func Visible(text string) string {
	if !strings.ContainsFunc(text, obeyed) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			escape(&b, 'x', rune(text[0]), 2)
		case !obeyed(r):
			b.WriteString(text[:n])
		case r == '\r':
			b.WriteString(`\r`)
		case r < utf8.RuneSelf:
			escape(&b, 'x', r, 2)
		case r > 0xffff:
			escape(&b, 'U', r, 8)
		default:
			escape(&b, 'u', r, 4)
		}
		text = text[n:]
	}
	return b.String()
}
