package changelog

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slipway-build/slipway/version"
)

// space is what separates and surrounds words on a line.
const space = " \t\r\f\v"

var bom = []byte("\uFEFF")

// heading reads a line "package (version) distributions; key=value, key=value". Two things are
// exact: a single space before the parenthesis, none before the semicolon.
func (s *scanner) heading(line []byte) (Entry, bool) {
	line = bytes.TrimPrefix(line, bom)
	r, size := utf8.DecodeRune(line)
	if len(line) == 0 || !(r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r))) {
		return Entry{}, false
	}
	n := size
	for n < len(line) && isNameChar(line[n]) {
		n++
	}
	number, rest, ok := bytes.Cut(line[n:], []byte{')'})
	if !ok || !bytes.HasPrefix(number, []byte(" (")) {
		return Entry{}, false
	}
	number = number[2:]
	if len(number) == 0 || bytes.ContainsAny(number, "( \t") {
		return Entry{}, false
	}
	dists, keys, ok := bytes.Cut(rest, []byte{';'})
	if !ok || !isDistributions(dists) {
		return Entry{}, false
	}
	e := Entry{
		Package:       string(line[:n]),
		Version:       version.Version(strings.ToValidUTF8(string(number), "\uFFFD")),
		Distributions: strings.Trim(string(dists), space),
		Urgency:       "unknown",
		Line:          s.line,
	}
	s.keyValues(&e, string(keys))
	return e, true
}

// isDistributions accepts words of name characters, each with white space before it and none after
// the last.
func isDistributions(b []byte) bool {
	words := false
	for i, c := range b {
		switch {
		case isNameChar(c):
			words = true
			if i == 0 {
				return false
			}
		case isSpace(c):
			if i == len(b)-1 {
				return false
			}
		default:
			return false
		}
	}
	return words
}

// keyValues takes the urgency; the format has other keys (binary-only) that say nothing here.
func (s *scanner) keyValues(e *Entry, text string) {
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.TrimSpace(value)
		if !ok || value == "" || !isKey(key) {
			s.warn("heading has no key=value after the semicolon: %s", excerpt([]byte(pair)))
			continue
		}
		key = strings.ToLower(key)
		if seen[key] {
			s.warn("heading has the key %s twice", key)
		}
		seen[key] = true
		if key != "urgency" {
			continue
		}
		word := value
		if i := strings.IndexAny(value, space); i >= 0 {
			word = value[:i] // a comment may follow
		}
		if !isKey(word) {
			s.warn("urgency is not a word: %s", excerpt([]byte(value)))
			continue
		}
		e.Urgency = word
	}
}

func isKey(s string) bool {
	for i := range len(s) {
		if !isNameChar(s[i]) || s[i] == '.' || s[i] == '+' {
			return false
		}
	}
	return s != ""
}

// isTrailer reports a line that begins as a trailer does: one space and two dashes. What is
// indented by more is a change.
func isTrailer(line []byte) bool {
	if !bytes.HasPrefix(line, []byte(" --")) {
		return false
	}
	return len(line) == 3 || isSpace(line[3])
}

// trailer reads " -- Name <email>  date" into e. It returns false when the line has no author; the
// entry then goes on, as a better trailer may follow.
func (s *scanner) trailer(e *Entry, line []byte) bool {
	text := strings.Trim(strings.ToValidUTF8(string(line[3:]), "\uFFFD"), space)
	end := strings.LastIndexByte(text, '>')
	begin := strings.LastIndexByte(text[:max(end, 0)], '<')
	if end < 0 || begin < 0 {
		s.warn("trailer has no author with an address in angle brackets: %s", excerpt(line))
		return false
	}
	after := text[end+1:]
	if sep := len(after) - len(strings.TrimLeft(after, space)); after != "" && sep != 2 {
		s.warn("trailer must have two spaces between author and date, not %d", sep)
	}
	e.Author = text[:end+1]
	e.RawDate = strings.Trim(after, space)
	date, err := ParseDate(e.RawDate)
	if err != nil {
		s.warn("trailer has no usable date: %s", excerpt([]byte(e.RawDate)))
	}
	e.Date = date
	return true
}

func isNameChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.'
}

func isSpace(c byte) bool { return strings.IndexByte(space, c) >= 0 }

func isBlank(line []byte) bool { return len(bytes.Trim(line, space)) == 0 }

// isChange reports a line indented by at least two.
func isChange(line []byte) bool { return len(line) > 2 && isSpace(line[0]) && isSpace(line[1]) }

// isComment reports the comments that dpkg passes over: "# …", "/* … */" and the keywords of
// version control systems that stand between dollar signs.
func isComment(line []byte) bool {
	switch {
	case bytes.HasPrefix(line, []byte("# ")):
		return true
	case bytes.HasPrefix(line, []byte("/*")):
		return bytes.Contains(line[2:], []byte("*/"))
	case bytes.HasPrefix(line, []byte("$")):
		word, rest, ok := bytes.Cut(line[1:], []byte(":"))
		return ok && len(word) > 0 && !bytes.ContainsAny(word, space+"$") && bytes.ContainsRune(rest, '$')
	}
	return false
}
