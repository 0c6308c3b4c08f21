package fleet

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// CompareReleases compares two versions of one image: as CompareVersions does, and then by what
// "slipway update" appends, 1.2.3 before 1.2.3-s1 before 1.2.3-s2. Debian would take the s1 for the
// revision, and 1.2-1-s1 for newer than 1.2-2. The updateID is the configuration's.
func CompareReleases(a, b, updateID string) int {
	versionA, updateA := CutUpdate(a, updateID)
	versionB, updateB := CutUpdate(b, updateID)
	return cmp.Or(CompareVersions(versionA, versionB), cmp.Compare(updateA, updateB))
}

// CutUpdate cuts off what "slipway update" appends: 1.2.3-s4 is the fourth update of 1.2.3.
func CutUpdate(version, updateID string) (of string, update int) {
	i := strings.LastIndex(version, "-"+updateID)
	if i <= 0 {
		return version, 0
	}
	digits := version[i+1+len(updateID):]
	n, err := strconv.Atoi(digits)
	if err != nil || strings.Trim(digits, "0123456789") != "" || updateID == "" {
		return version, 0
	}
	return version[:i], n
}

var digits = regexp.MustCompile(`[0-9]+`)

// VersionForm writes N for each number, so that 1.10.2 and 1.9.0 are alike and the tag 1.9 is not; D for
// those as long as dates. What an update of a parent appended does not count.
func VersionForm(version, updateID string) string {
	version, _ = CutUpdate(version, updateID)
	return digits.ReplaceAllStringFunc(version, func(n string) string {
		if len(n) >= len("20060102") {
			return "D"
		}
		return "N"
	})
}

// CutStamp cuts off what --nightly and --snapshot append to a tag.
func CutStamp(tag string) (version, stamp string, ok bool) {
	for _, layout := range []string{"20060102-150405", "20060102"} {
		i := len(tag) - len(layout) - 1
		if i < 1 || tag[i] != '-' {
			continue
		}
		if _, err := time.Parse(layout, tag[i+1:]); err == nil {
			return tag[:i], tag[i+1:], true
		}
	}
	return tag, "", false
}
