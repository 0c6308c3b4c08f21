// Package version has the orders of versions and tags: Debian's, that of the rebuilds which "slipway update"
// and nightly builds append, and what of a list of tags is a version of an image.
package version

import (
	"cmp"
	"strings"
)

// Version is a version as a changelog or a tag has it. Any text is one, so that what others wrote can be
// compared as well; Valid tells of what may be written.
type Version string

// Compare compares two versions as Debian does (deb-version(7)): negative when v is older
// than o. What dpkg refuses, such as a letter in front, is compared as well.
func (v Version) Compare(o Version) int {
	epochA, upstreamA, revisionA := v.split()
	epochB, upstreamB, revisionB := o.split()
	return cmp.Or(compareDigits(epochA, epochB), comparePart(upstreamA, upstreamB), comparePart(revisionA, revisionB))
}

func (v Version) split() (epoch, upstream, revision string) {
	upstream = string(v)
	if before, after, ok := strings.Cut(upstream, ":"); ok {
		epoch, upstream = before, after
	}
	if i := strings.LastIndexByte(upstream, '-'); i >= 0 {
		upstream, revision = upstream[:i], upstream[i+1:]
	}
	return epoch, upstream, revision
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

// Satisfies reports whether the version fulfils "operator wanted"; no operator always holds.
func (v Version) Satisfies(operator string, wanted Version) bool {
	c := v.Compare(wanted)
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
