package lint

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/changelog"
	"github.com/slipway-build/slipway/fleet"
)

// changelog judges the whole history; a scan reads the newest entry only.
func (c *check) changelog() {
	data, err := c.root.ReadFile(path.Join(c.img.Dir, changelogFile))
	if err != nil {
		c.add(string(fleet.UnreadableFile), changelogFile, 0, "", "cannot read the changelog: %v", err)
		return
	}
	file, err := changelog.Parse(changelogFile, data)
	if err != nil {
		return // the scan could not read it either, and said so
	}
	for i, e := range file.Entries {
		for _, w := range e.Warnings {
			c.addHistory(i, changelogFormat, w.Line, "", "%s", w.Text)
		}
		file.Warnings = file.Warnings[len(e.Warnings):]
	}
	for _, w := range file.Warnings { // below the last entry
		c.addHistory(len(file.Entries), changelogFormat, w.Line, "", "%s", w.Text)
	}
	c.history(file.Entries)
}

// addHistory adds a finding about an entry. Entries below the newest are published: what is wrong
// with them is a note.
func (c *check) addHistory(index int, rule string, line int, hint, format string, args ...any) {
	c.add(rule, changelogFile, line, hint, format, args...)
	if index > 0 {
		c.findings[len(c.findings)-1].Severity = Note
	}
}

// history compares each entry with the next older one of the same name: an image that was renamed
// may begin anew.
func (c *check) history(entries []changelog.Entry) {
	first := map[string]int{} // index of the newest entry of a version
	for i, e := range entries {
		id := e.Package + " " + e.Version
		if newer, twice := first[id]; twice {
			c.addHistory(newer, changelogTwice, entries[newer].Line, "give the newer entry a version of its own",
				"%s %s has an entry in line %d already", e.Package, e.Version, e.Line)
		} else {
			first[id] = i
		}
		if i+1 == len(entries) || entries[i+1].Package != e.Package {
			continue
		}
		older := entries[i+1]
		if compareTags(e.Version, older.Version) < 0 {
			c.addHistory(i, changelogOrder, e.Line, "",
				"version %s is older than %s, the entry below it in line %d", e.Version, older.Version, older.Line)
		}
		if !e.Date.IsZero() && !older.Date.IsZero() && e.Date.Before(older.Date) {
			c.addHistory(i, changelogTime, e.Line, "",
				"%s is dated %s, before %s (%s) in line %d", e.Version, changelog.FormatDate(e.Date),
				older.Version, changelog.FormatDate(older.Date), older.Line)
		}
	}
}

// dated is a version with the date of a rebuild behind it, as weekly updates of fleets write it.
var dated = regexp.MustCompile(`^(.+)-(20[0-9]{6}(?:-[0-9]{6})?)$`)

// compareTags is dpkg's order, with what fleets do taken into account: 1.2-1-s1 is a rebuild of
// 1.2-1 and so before 1.2-2, although Debian's upstream version there is "1.2-1"; and 1.2-20260131
// is a rebuild of 1.2. A v before the digits says nothing. Negative means that both ways of reading
// say a is older.
func compareTags(a, b string) int {
	baseA, dateA := cutDate(a)
	baseB, dateB := cutDate(b)
	if baseA == baseB {
		return cmp.Compare(dateA, dateB)
	}
	c := fleet.CompareVersions(baseA, baseB)
	if c >= 0 {
		return c
	}
	return slices.CompareFunc(strings.Split(baseA, "-"), strings.Split(baseB, "-"), fleet.CompareVersions)
}

// cutDate takes the date of a rebuild off a version, and a v in front.
func cutDate(version string) (base, date string) {
	if len(version) > 1 && version[0] == 'v' && '0' <= version[1] && version[1] <= '9' {
		version = version[1:]
	}
	if m := dated.FindStringSubmatch(version); m != nil {
		return m[1], m[2]
	}
	return version, ""
}
