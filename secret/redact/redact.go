// Package redact takes secrets out of texts and errors. It is the one place that knows how; build and
// the commands hand it whatever a person, a log or another program is going to read.
package redact

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// stars stand for a secret.
const stars = "***"

// Secrets are texts that nobody may read. The zero value and nil hide nothing. A Secrets does not change
// and is safe for concurrent use.
type Secrets struct {
	words   []string // sorted
	short   []string // hidden as whole values only
	longest int
}

// New hides the texts, also as an error quotes them, and of those with several lines each line, for
// output comes line by line. One of less than MinLength bytes is only hidden where it stands as a whole
// value. Empty texts are ignored.
func New(texts ...string) *Secrets {
	s := &Secrets{}
	for _, text := range texts {
		if len(text) < MinLength {
			s.short = append(s.short, forms(text)...)
			continue
		}
		s.words = append(s.words, forms(text)...)
		if !strings.ContainsAny(text, "\r\n") {
			continue
		}
		for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if line = strings.TrimSpace(line); len(line) >= MinLength { // a lone brace of a key in JSON is none
				s.words = append(s.words, forms(line)...)
			}
		}
	}
	s.words, s.short = unique(s.words), unique(s.short)
	for _, w := range slices.Concat(s.words, s.short) {
		s.longest = max(s.longest, len(w))
	}
	return s
}

// forms are what becomes of a text by nobody's doing: what an error quotes; what a shell says with "set -x", and
// leaves of spaces; and what JSON, which a step's variables go through, leaves of bytes that are no UTF-8.
func forms(text string) []string {
	all := []string{text, strings.Trim(strconv.Quote(text), `"`), string([]rune(text))}
	if bare := strings.TrimSpace(text); len(bare) >= MinLength {
		all = append(all, bare)
	}
	for _, quote := range []string{`'\''`, `'"'"'`} { // of bash, and of dash and busybox
		all = append(all, strings.ReplaceAll(text, "'", quote))
	}
	return all
}

func unique(words []string) []string {
	slices.Sort(words)
	return slices.DeleteFunc(slices.Compact(words), func(w string) bool { return w == "" })
}

// span is a part of a text, from its first byte to behind its last.
type span struct{ from, to int }

// find returns where secrets are. Those that overlap are one: one secret may be the beginning of another
// or of the rest of it.
func (s *Secrets) find(text string) []span {
	if s == nil {
		return nil
	}
	found := findWords(s.words, text)
	for _, w := range s.short {
		found = append(found, whole(text, w)...)
	}
	if len(found) < 2 {
		return found
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	merged := found[:1]
	for _, f := range found[1:] {
		if last := &merged[len(merged)-1]; f.from < last.to {
			last.to = max(last.to, f.to)
		} else {
			merged = append(merged, f)
		}
	}
	return merged
}

// Text is the text with stars in the place of secrets.
func (s *Secrets) Text(text string) string {
	found := s.find(text)
	if len(found) == 0 {
		return text
	}
	var b strings.Builder
	from := 0
	for _, f := range found {
		b.WriteString(text[from:f.from])
		b.WriteString(stars)
		from = f.to
	}
	b.WriteString(text[from:])
	return b.String()
}

// Texts are the texts with stars in the place of secrets; the slice is the caller's no more.
func (s *Secrets) Texts(texts []string) []string {
	for i := range texts {
		texts[i] = s.Text(texts[i])
	}
	return texts
}

// Error is err or, if it tells a secret, its text without: an error repeats the line of the Dockerfile
// that failed. Joined errors stay apart.
func (s *Secrets) Error(err error) error {
	if err == nil {
		return nil
	}
	text := s.Text(err.Error())
	if text == err.Error() {
		return err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var clean []error
		for _, e := range joined.Unwrap() {
			clean = append(clean, s.Error(e))
		}
		if all := errors.Join(clean...); all != nil && all.Error() == text {
			return all
		}
	}
	return &clean{text, err}
}

// clean is an error whose text tells no secret. What it is, errors.Is still finds; errors.As would hand out
// the text.
type clean struct {
	text string
	err  error
}

// Error returns the text without secrets.
func (c *clean) Error() string { return c.text }

// Is tells whether the error was of a kind.
func (c *clean) Is(target error) bool { return errors.Is(c.err, target) }

// cut is where a text may be cut so that no secret that may go on behind its end is torn.
func (s *Secrets) cut(text string) int {
	if s == nil || s.longest == 0 {
		return len(text)
	}
	at := max(len(text)-s.longest+1, 0)
	for _, f := range s.find(text) {
		if f.from < at && at < f.to {
			return f.from
		}
	}
	return at
}

// Complete is how much of a text can be given out: behind it stands what may be the beginning of a secret
// that goes on in a later piece. A line break ends each: a secret of several lines is hidden line by line.
func (s *Secrets) Complete(text string) int {
	if s == nil || s.longest == 0 {
		return len(text)
	}
	end := len(text)
	first := max(strings.LastIndexByte(text, '\n')+1, len(text)-s.longest+1)
	for at := first; at < len(text) && end == len(text); at++ {
		i, is := slices.BinarySearch(s.words, text[at:])
		if is { // it ends here, but a longer one may begin so
			i++
		}
		if i < len(s.words) && strings.HasPrefix(s.words[i], text[at:]) {
			end = at
		}
	}
	for _, f := range s.find(text) {
		if f.from < end && end < f.to {
			return f.from
		}
	}
	return end
}

// Sparing is the same, but a secret that is a part of one of the names is hidden only where it stands as a
// whole value, as a short one: people must be able to read the names. Spared tells whether there is one.
func (s *Secrets) Sparing(names []string) (sparing *Secrets, spared bool) {
	if s == nil {
		return nil, false
	}
	out := *s
	out.words = nil
	out.short = slices.Clone(s.short)
	for _, w := range s.words {
		if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, w) }) {
			out.short, spared = append(out.short, w), true
		} else {
			out.words = append(out.words, w)
		}
	}
	return &out, spared
}
