package version

import (
	"slices"
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

// dated is a version with the date of a rebuild behind it, as weekly updates of fleets write it.
var dated = pattern.New(`^(.+)-(20[0-9]{6}(?:-[0-9]{6})?)$`)

// GoesBack reports whether the version is older than the one that it follows: in dpkg's order, with what
// fleets do taken into account. 1.2-1-s1 is a rebuild of 1.2-1 and so before 1.2-2, although Debian's
// upstream version there is "1.2-1"; 1.2-20260131 is a rebuild of 1.2; a v before the digits says
// nothing. Where two ways of reading differ, it does not go back.
func (v Version) GoesBack(from Version) bool {
	base, date := v.cutDate()
	fromBase, fromDate := from.cutDate()
	if base == fromBase {
		return date < fromDate
	}
	return Version(base).Compare(Version(fromBase)) < 0 &&
		slices.CompareFunc(strings.Split(base, "-"), strings.Split(fromBase, "-"), func(a, b string) int {
			return Version(a).Compare(Version(b))
		}) < 0
}

// cutDate takes the date of a rebuild off a version, and a v in front.
func (v Version) cutDate() (base, date string) {
	version := string(v)
	if len(version) > 1 && version[0] == 'v' && '0' <= version[1] && version[1] <= '9' {
		version = version[1:]
	}
	if m := dated.FindStringSubmatch(version); m != nil {
		return m[1], m[2]
	}
	return version, ""
}
