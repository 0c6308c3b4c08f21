package secret

import (
	"encoding/json"
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

// maxParts is how many parts of a secret are told apart: a longer one is no password file.
const maxParts = 10_000

// Words are the texts that stand for the secret when a step prints it: all of it, without the line break at
// its end, and the values of what in it looks like a password by its name, as .npmrc, .netrc, pip.conf and
// JSON have them. What JSON has in quotes is also meant without its backslashes.
func (v Value) Words() []string {
	text := strings.TrimRight(string(v.Data), "\r\n")
	if text == "" {
		return nil
	}
	words := []string{text}
	for line := range strings.Lines(text) {
		for _, m := range named.FindAllStringSubmatch(line, maxParts) {
			var plain string
			if json.Unmarshal([]byte(`"`+m[1]+`"`), &plain) != nil || plain == m[1] {
				plain = ""
			}
			for _, word := range append(m[1:], plain) {
				if len(word) >= leastValue && len(words) < maxParts {
					words = append(words, word)
				}
			}
		}
	}
	return words
}

// leastValue is how long a value must be, in bytes, to count: shorter ones are "true" and "none".
const leastValue = 8

// named finds a value behind a name that speaks of secrets: in quotes, or up to the next space, comma or
// quote; and the password in an address.
var named = pattern.New(`(?i)(?:pass|passwd|password|pwd|secret|token|auth|credential|key)[a-z0-9_.-]*["']?(?:\s*[:=]\s*|\s+)(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"',;]+))|://[^/\s:@]*:([^/\s@]+)@`)
