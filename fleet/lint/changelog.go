package lint

import (
	"path"

	"github.com/slipway-build/slipway/changelog"
	"github.com/slipway-build/slipway/fleet/fault"
)

// changelog judges the whole history; a scan reads the newest entry only.
func (c *check) changelog() {
	data, err := c.root.ReadFile(path.Join(c.img.Dir, changelogFile))
	if err != nil {
		c.add(string(fault.UnreadableFile), changelogFile, 0, "", "cannot read the changelog: %v", err)
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
		id := e.Package + " " + string(e.Version)
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
		if e.Version.GoesBack(older.Version) {
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
