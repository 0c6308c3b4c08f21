package redact

import (
	"bytes"
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

// clip is what BuildKit says, on a line of its own, where it has left out what a step printed too fast or too
// much of; front is what its log has before each line. A secret may be cut there, on both sides.
var (
	clip  = pattern.New(`^(?:#\d+ )?(?:\d+\.\d+ )?\[output clipped, log limit `)
	front = pattern.New(`^(?:#\d+ )?(?:\d+\.\d+ )?`)
)

// known is how much of the data are lines of which is known what they are: one that ends as a secret begins waits for
// the next one.
func (l *Lines) known(data []byte) int {
	end := bytes.LastIndexByte(data, '\n') + 1
	if end == 0 {
		return 0
	}
	begin := bytes.LastIndexByte(data[:end-1], '\n') + 1
	if len(data)-end > maxClip {
		return end // what comes next is another line
	}
	if last := string(data[begin:end]); l.Secrets.withoutBeginning(last) != last {
		return begin
	}
	return end
}

// maxClip is how many bytes of BuildKit's word are enough to know it.
const maxClip = 100

// lines are the texts of whole lines.
func (l *Lines) lines(data string) {
	for data != "" {
		end := strings.IndexByte(data, '\n') + 1
		line := data[:end]
		data = data[end:]
		if l.clipped {
			line = l.Secrets.withoutEnd(line)
		}
		if l.clipped = clip.MatchString(line); !l.clipped && clip.MatchString(data) {
			line = l.Secrets.withoutBeginning(line)
		}
		l.Line(l.Secrets.Text(line))
	}
}

// part is the text of a line without its end.
func (l *Lines) part(text string) {
	if l.clipped {
		text = l.Secrets.withoutEnd(text)
	}
	l.Line(l.Secrets.Text(text))
}

// withoutBeginning hides what a line ends with, if a secret begins so.
func (s *Secrets) withoutBeginning(line string) string {
	text := strings.TrimRight(line, "\r\n")
	if end := s.Complete(text); len(text)-end >= MinLength {
		return text[:end] + stars + line[len(text):]
	}
	return line
}

// withoutEnd hides what a line begins with, if a secret ends so or has all of it.
func (s *Secrets) withoutEnd(line string) string {
	if s == nil {
		return line
	}
	at := len(front.FindString(line))
	text := strings.TrimRight(line[at:], "\r\n")
	longest := 0
	for _, w := range s.words {
		if len(text) >= MinLength && strings.Contains(w, text) {
			longest = len(text)
		}
		for n := min(len(w), len(text)); n >= max(MinLength, longest+1); n-- {
			if strings.HasPrefix(text, w[len(w)-n:]) {
				longest = n
			}
		}
	}
	if longest == 0 {
		return line
	}
	return line[:at] + stars + line[at+longest:]
}
