// Package version has the orders of versions and tags: Debian's, that of the rebuilds which "slipway update"
// and nightly builds append, and what of a list of tags is a version of an image.
package version

import (
	"cmp"
	"strings"
)

// Compare compares two versions as Debian does (deb-version(7)): negative when a is older
// than b. It takes any text: what dpkg refuses, such as a letter in front, is compared as well.
func Compare(a, b string) int {
	epochA, upstreamA, revisionA := splitVersion(a)
	epochB, upstreamB, revisionB := splitVersion(b)
	return cmp.Or(compareDigits(epochA, epochB), comparePart(upstreamA, upstreamB), comparePart(revisionA, revisionB))
}

func splitVersion(v string) (epoch, upstream, revision string) {
	if before, after, ok := strings.Cut(v, ":"); ok {
		epoch, v = before, after
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return epoch, v[:i], v[i+1:]
	}
	return epoch, v, ""
}

// comparePart takes non-digits and digits off both in turn.
func comparePart(a, b string) int {
	for a != "" || b != "" {
		textA, restA := span(a, false)
		textB, restB := span(b, false)
		if c := compareText(textA, textB); c != 0 {
			return c
		}
		digitsA, nextA := span(restA, true)
		digitsB, nextB := span(restB, true)
		if c := compareDigits(digitsA, digitsB); c != 0 {
			return c
		}
		a, b = nextA, nextB
	}
	return 0
}

// span cuts the leading digits, or the leading non-digits, off s.
func span(s string, digits bool) (part, rest string) {
	i := 0
	for i < len(s) && ('0' <= s[i] && s[i] <= '9') == digits {
		i++
	}
	return s[:i], s[i:]
}

// compareText sorts ~ before the end, the end before letters, and letters before all else.
func compareText(a, b string) int {
	for i := range max(len(a), len(b)) {
		if c := cmp.Compare(weight(a, i), weight(b, i)); c != 0 {
			return c
		}
	}
	return 0
}

func weight(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '~':
		return -1
	case isAlphanumeric(s[i]):
		return int(s[i])
	}
	return int(s[i]) + 256
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// compareDigits compares numbers of any length.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// Satisfies reports whether version fulfils "operator wanted"; no operator always holds.
func Satisfies(version, operator, wanted string) bool {
	c := Compare(version, wanted)
	switch operator {
	case "<<":
		return c < 0
	case "<=":
		return c <= 0
	case "=":
		return c == 0
	case ">=":
		return c >= 0
	case ">>":
		return c > 0
	}
	return true
}
