package source

import (
	"regexp"
	"strings"
)

var userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s]*@`)

// redact leaves users and passwords out of every URL in a text.
func redact(s string) string { return userinfo.ReplaceAllString(s, "$1") }

// display is a URL without credentials. The user of ssh:// is none.
func display(address string) string {
	if name, rest, ok := strings.Cut(address, "ssh://"); ok && name == "" {
		user, after, ok := strings.Cut(rest, "@")
		if ok && !strings.ContainsAny(user, ":/") {
			return "ssh://" + user + "@" + redact("x://" + after)[len("x://"):]
		}
	}
	return redact(address)
}

// displayUnparsed is for text that may not be a URL at all, such as one whose
// password has a slash or a # in it: all that could be one is left out.
func displayUnparsed(s string) string {
	at := strings.Index(s, "://")
	if at < 0 {
		return s
	}
	at += len("://")
	if last := strings.LastIndexByte(s, '@'); last >= at && (strings.Contains(s[at:last], ":") || display(s) != s) {
		s = s[:at] + s[last+1:]
	}
	s, _, _ = strings.Cut(s, "?")
	return s
}
