// Package changelog reads and extends Debian changelogs, the files that give an image its name,
// version and date. The format is deb-changelog(5), read as leniently as python-debian does: what
// does not fit is a warning; a file without an entry, and a newest version that Debian Policy 5.6.12
// does not allow at all, are errors.
package changelog

import (
	"fmt"
	"time"

	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/version"
)

// MaxSize is the largest changelog that is read, in bytes. Larger ones are an error.
const MaxSize = 16 << 20

// Entry is one release in a changelog, from its heading line to its trailer line.
type Entry struct {
	Package       string
	Version       version.Version
	Distributions string // as written, separated by white space
	Urgency       string // as written; "unknown" when the heading has none

	// Changes are the lines between heading and trailer as written, without white space at their
	// ends and without the blank lines at the top and at the bottom.
	Changes []string

	Author  string    // "Name <email>"; empty when the trailer is missing or broken
	Date    time.Time // zero when RawDate is missing or is no date
	RawDate string    // the trailer's date as written
	Line    int       // of the heading, counted from 1

	// Warnings are what did not fit the format from the end of the entry above to the end of this.
	Warnings []Warning
}

// File is a whole changelog.
type File struct {
	Path    string
	Entries []Entry // newest, which is the topmost, first; never empty

	// Warnings are those of all entries and of what follows the last one, in the order of lines.
	Warnings []Warning
}

// Warning is something in a changelog that does not fit deb-changelog(5) but could be passed over.
type Warning struct {
	Path string
	Line int
	Text string
}

// String returns "path:line: text".
func (w Warning) String() string { return fmt.Sprintf("%s:%d: %s", w.Path, w.Line, w.Text) }

// Parse reads all entries of the changelog in data. The path is used in messages only. What
// follows the Emacs or Vim settings at the end of a file, or the heading of a pre-1996 format, is
// not read, as in dpkg. The error is a problem.Problem.
func Parse(path string, data []byte) (*File, error) {
	s, err := newScanner(path, data)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path}
	for {
		e, ok := s.next()
		if !ok {
			break
		}
		f.Entries = append(f.Entries, e)
		f.Warnings = append(f.Warnings, e.Warnings...)
	}
	f.Warnings = append(f.Warnings, s.warnings...)
	if len(f.Entries) == 0 {
		return nil, s.noEntry(f.Warnings)
	}
	if err := checkNewest(path, f.Entries[0]); err != nil {
		return nil, err
	}
	return f, nil
}

// ParseNewest reads the newest entry of the changelog in data and nothing of the history below it.
// Name, version and date are the same as those of the first entry that [Parse] gives. The error is
// a problem.Problem.
func ParseNewest(path string, data []byte) (Entry, error) {
	s, err := newScanner(path, data)
	if err != nil {
		return Entry{}, err
	}
	e, ok := s.next()
	if !ok {
		return Entry{}, s.noEntry(s.warnings)
	}
	return e, checkNewest(path, e)
}

// checkNewest refuses what python-debian refuses when it is asked for the version. Older entries
// are not checked there either.
func checkNewest(path string, e Entry) error {
	if e.Version.Valid() {
		return nil
	}
	return problem.Problem{
		Path: path, Line: e.Line,
		Text: fmt.Sprintf("cannot use version %q of %s: it is not a Debian version", e.Version, e.Package),
		Hint: "a version is made of letters, digits and . + ~ -, with an optional epoch (1:) in front",
	}
}
