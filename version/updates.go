package version

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-build/slipway/pattern"
)

// Updates are what "slipway update" appends to versions: the letters of the configuration's update_id, and
// a number.
type Updates string

// Compare compares two versions of one image: in Debian's order, and then by the number of the update, 1.2.3
// before 1.2.3-s1 before 1.2.3-s2. Debian would take the s1 for the revision, and 1.2-1-s1 for newer than
// 1.2-2.
func (u Updates) Compare(a, b Version) int {
	versionA, updateA := u.Cut(a)
	versionB, updateB := u.Cut(b)
	return cmp.Or(versionA.Compare(versionB), cmp.Compare(updateA, updateB))
}

// Cut cuts an update off: 1.2.3-s4 is the fourth of 1.2.3.
func (u Updates) Cut(v Version) (of Version, update int) {
	version := string(v)
	i := strings.LastIndex(version, "-"+string(u))
	if i <= 0 {
		return v, 0
	}
	digits := version[i+1+len(u):]
	n, err := strconv.Atoi(digits)
	if err != nil || strings.Trim(digits, "0123456789") != "" || u == "" {
		return v, 0
	}
	return v[:i], n
}

var digits = pattern.New(`[0-9]+`)

// Form writes N for each number, so that 1.10.2 and 1.9.0 are alike and the tag 1.9 is not; D for
// those as long as dates. What an update of a parent appended does not count.
func (u Updates) Form(v Version) string {
	v, _ = u.Cut(v)
	return digits.ReplaceAllStringFunc(string(v), func(n string) string {
		if len(n) >= len("20060102") {
			return "D"
		}
		return "N"
	})
}

var (
	numbers = pattern.New(`^[0-9]+([.:~+_-][0-9]+)*$`)
	long    = pattern.New(`[0-9]{8}`)
)

// In takes the version out of a tag of an image whose own version is known: numbers alone, behind the same
// letters as its own (v1.2), or what has its form (1.2-bookworm1), without what --nightly and an update
// append. Beside 1.2, 1.3-alpine is none, nor is a date.
func (u Updates) In(tag string, own Version) (version Version, ok bool) {
	version = Version(tag)
	if dated := long.MatchString(string(own)); !dated {
		version, _, _ = CutStamp(tag)
		if long.MatchString(string(version)) {
			return "", false
		}
	}
	plain, _ := u.Cut(version)
	rest, ok := strings.CutPrefix(string(plain), letters(string(own)))
	return version, u.Form(version) == u.Form(own) || ok && numbers.MatchString(rest)
}

// letters are what stands before the first digit.
func letters(version string) string {
	if i := strings.IndexAny(version, "0123456789"); i >= 0 {
		return version[:i]
	}
	return version
}

// CutStamp cuts off what --nightly and --snapshot append to a tag.
func CutStamp(tag string) (version Version, stamp string, ok bool) {
	for _, layout := range []string{"20060102-150405", "20060102"} {
		i := len(tag) - len(layout) - 1
		if i < 1 || tag[i] != '-' {
			continue
		}
		if _, err := time.Parse(layout, tag[i+1:]); err == nil {
			return Version(tag[:i]), tag[i+1:], true
		}
	}
	return Version(tag), "", false
}
