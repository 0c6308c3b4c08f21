package version

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

// Valid reports whether the version is made as Debian Policy 5.6.12 says, in python-debian's liberal
// reading: it may begin with a letter and have any number of dashes. A colon needs an epoch.
func (v Version) Valid() bool {
	epoch, upstream, ok := strings.Cut(string(v), ":")
	if !ok {
		upstream = string(v)
	} else if !isDigits(epoch) {
		return false
	}
	for i := range len(upstream) {
		if c := upstream[i]; !isAlphanumeric(c) && !strings.ContainsRune("+-.~", rune(c)) && !(c == ':' && ok) {
			return false
		}
	}
	return upstream != ""
}

// Next returns the version of a rebuild that changes nothing in the image's own definition:
// 1.2.3 becomes 1.2.3-s1 and that 1.2.3-s2, where s are the letters. This is
// docker-pkg's rule for `update`, which knows digits, dots and dashes only; every other valid
// version, with letters, an epoch or a tilde, follows the same rule here. The error is a problem.Problem.
func (u Updates) Next(v Version) (Version, error) {
	if !v.Valid() {
		return "", problem.Problem{
			Text: fmt.Sprintf("cannot find the version after %q: it is not a Debian version", v),
			Hint: "name the new version with --version",
		}
	}
	base, seq := u.splitSequence(v)
	n := big.NewInt(0)
	if seq != "" {
		n.SetString(seq, 10) // seq has digits only
	}
	next := base + Version("-"+string(u)+n.Add(n, big.NewInt(1)).String())
	if !next.Valid() {
		return "", problem.Problem{
			Text: fmt.Sprintf("cannot find the version after %q: with the update_id %.400q it is no Debian version", v, u),
			Hint: "give update_id letters and digits only, or name the new version with --version",
		}
	}
	return next, nil
}

// splitSequence cuts "-s<digits>" off the end. The base is the shortest possible, as with a lazy
// regular expression.
func (u Updates) splitSequence(v Version) (base Version, seq string) {
	for i := 1; i < len(v); i++ {
		if seq, ok := strings.CutPrefix(string(v[i:]), "-"+string(u)); ok && isDigits(seq) {
			return v[:i], seq
		}
	}
	return v, ""
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
