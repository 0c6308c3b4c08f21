package changelog

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

// ValidVersion reports whether v is made as Debian Policy 5.6.12 says, in python-debian's liberal
// reading: it may begin with a letter and have any number of dashes. A colon needs an epoch.
func ValidVersion(v string) bool {
	epoch, upstream, ok := strings.Cut(v, ":")
	if !ok {
		upstream = v
	} else if !isDigits(epoch) {
		return false
	}
	for i := range len(upstream) {
		if c := upstream[i]; !isNameChar(c) && c != '~' && !(c == ':' && ok) {
			return false
		}
	}
	return upstream != ""
}

// NextVersion returns the version of a rebuild that changes nothing in the image's own definition:
// 1.2.3 becomes 1.2.3-s1 and that 1.2.3-s2, where s is the identifier id (key update_id). This is
// docker-pkg's rule for `update`, which knows digits, dots and dashes only; every other valid
// version, with letters, an epoch or a tilde, follows the same rule here. The error is a problem.Problem.
func NextVersion(v, id string) (string, error) {
	if !ValidVersion(v) {
		return "", problem.Problem{
			Text: fmt.Sprintf("cannot find the version after %q: it is not a Debian version", v),
			Hint: "name the new version with --version",
		}
	}
	base, seq := splitSequence(v, id)
	n := big.NewInt(0)
	if seq != "" {
		n.SetString(seq, 10) // seq has digits only
	}
	next := base + "-" + id + n.Add(n, big.NewInt(1)).String()
	if !ValidVersion(next) {
		return "", problem.Problem{
			Text: fmt.Sprintf("cannot find the version after %q: with the update_id %.400q it is no Debian version", v, id),
			Hint: "give update_id letters and digits only, or name the new version with --version",
		}
	}
	return next, nil
}

// splitSequence cuts "-<id><digits>" off the end. The base is the shortest possible, as with a lazy
// regular expression.
func splitSequence(v, id string) (base, seq string) {
	for i := 1; i < len(v); i++ {
		if seq, ok := strings.CutPrefix(v[i:], "-"+id); ok && isDigits(seq) {
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
