package source

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/slipway-build/slipway/pattern"
)

const (
	maxLines = 8
	maxLine  = 500
	maxRest  = 64 << 10
)

var (
	progressLine = pattern.New(`^(remote: )?[A-Z][A-Za-z ]+: +(\d+% |\d+, done|\d+$|done)|^remote: *(Total|Enumerating|Counting|Compressing) `)
	prefix       = pattern.New(`^(fatal|error): `)
)

// lastWords keeps the end of what git says on stderr, without progress,
// credentials and what could steer a terminal.
type lastWords struct {
	secrets []string
	each    func(string)
	lines   []string
	rest    []byte
}

// Write never fails: git must not end because of its messages.
func (w *lastWords) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexAny(w.rest, "\r\n")
		if i < 0 {
			break
		}
		w.line(string(w.rest[:i]))
		w.rest = w.rest[i+1:]
	}
	if len(w.rest) > maxRest {
		w.rest = w.rest[:maxRest:maxRest]
	}
	return len(p), nil
}

func (w *lastWords) flush() {
	w.line(string(w.rest))
	w.rest = nil
}

func (w *lastWords) line(s string) {
	s = strings.TrimSpace(clean(s))
	for _, secret := range w.secrets {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	if s = redact(s); s == "" {
		return
	}
	if len(s) > maxLine {
		s = strings.ToValidUTF8(s[:maxLine], "") + "…"
	}
	if w.each != nil {
		w.each(s)
	}
	if progressLine.MatchString(s) {
		return
	}
	w.lines = append(w.lines, prefix.ReplaceAllString(s, ""))
	if len(w.lines) > maxLines {
		w.lines = w.lines[1:]
	}
}

// clean replaces what could steer a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
