package redact

import (
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

// MinLength is how long a secret must be, in bytes, to be hidden wherever it stands. The letters of a
// shorter one are in every other word.
const MinLength = 4

// whole finds a short secret where it stands as a whole value: alone on its line, in quotes, behind "=",
// behind an option or a key that is about secrets, or as the password in an address.
func whole(text, word string) []span {
	var found []span
	for at := 0; ; at++ {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return found
		}
		at += i
		if isValue(text[:at], text[at+len(word):]) {
			found = append(found, span{at, at + len(word)})
		}
	}
}

// isValue tells whether what stands between two parts of a text is a value.
func isValue(before, after string) bool {
	line := before[strings.LastIndexByte(before, '\n')+1:]
	rest, _, _ := strings.Cut(after, "\n")
	if strings.TrimSpace(logPrefix.ReplaceAllString(line, "")) == "" && strings.TrimSpace(rest) == "" {
		return true
	}
	if line == "" {
		return false
	}
	ends := rest == "" || strings.IndexByte(" \t\r\"'`&,;)]}@|<>\\", rest[0]) >= 0
	last := line[len(line)-1]
	switch last {
	case '"', '\'', '`':
		return strings.HasPrefix(rest, string(last)) || strings.HasPrefix(rest, escaped.FindString(line))
	case '=':
		return ends
	case ':':
		return strings.HasPrefix(rest, "@") || ends && secretKey.MatchString(line)
	case ' ', '\t':
		return ends && (option.MatchString(line) || secretKey.MatchString(line))
	}
	return false
}

var (
	// logPrefix is what BuildKit's logs have before a line: the step and the time.
	logPrefix = pattern.New(`^#\d+ \d+\.\d+ `)
	// escaped is a quote with what makes it one inside of other quotes: \" or, in two of them, \\\".
	escaped = pattern.New("\\\\*[\"'`]$")
	// secretKey is the name of a secret with what separates it from its value.
	secretKey = pattern.New(`(?i)(?:pass|pwd|secret|token|auth|credential|key)[a-z0-9_]*(?:\\*["'])?\s*[:=]\s*$`)
	// option is an option of a command, before its value.
	option = pattern.New(`(?:^|\s)--?[A-Za-z][A-Za-z0-9-]*\s+$`)
)
