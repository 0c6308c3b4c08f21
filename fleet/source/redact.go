package source

import (
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

var userinfo = pattern.New(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s]*@`)

// redact leaves users and passwords out of every URL in a text.
func redact(s string) string { return userinfo.ReplaceAllString(s, "$1") }

// display is a URL without credentials. The user of ssh:// is none.
func display(address string) string {
	if !scheme.MatchString(address) {
		return displayUnparsed(address)
	}
	if name, rest, ok := strings.Cut(address, "ssh://"); ok && name == "" {
		user, after, ok := strings.Cut(rest, "@")
		if ok && !strings.ContainsAny(user, ":/") {
			return "ssh://" + user + "@" + redact("x://" + after)[len("x://"):]
		}
	}
	return redact(address)
}

// displayUnparsed is for text that may not be a URL at all, such as one whose
// password has a slash or a # in it, or whose beginning is missing: all that
// could be a password or a token is left out.
func displayUnparsed(s string) string {
	start := 0
	if scheme.MatchString(s) {
		start = strings.Index(s, "://") + len("://")
	} else if scp.MatchString(s) || !unschemed(s) {
		return s
	}
	last := strings.LastIndexByte(s, '@')
	if last >= start && (start == 0 || strings.Contains(s[start:last], ":") || display(s) != s) {
		s = s[:start] + s[last+1:]
	}
	s, _, _ = strings.Cut(s, "?")
	return s
}
