package changelog

import (
	"regexp"
	"strings"
	"sync"
)

// mailed is how the oldest entries name who made them: a name and an address, in one of two brackets.
const mailed = `[\s\v]+.*[\s\v]+[<(].*[>)]`

// ancient are the headings of formats from before 1996. Below one dpkg and python-debian expect no
// other format, and read no further.
var ancient = compileForms(
	// Tue Jan 2 03:04:05 GMT 1996  A Name <mail>
	`\w+[\s\v]+\w+[\s\v]+\d{1,2} \d{1,2}:\d{1,2}:\d{1,2}[\s\v]+[\w\s\v]*\d{4}`+mailed,
	// Tue Jan 2, 1996  A Name <mail>
	`\w+[\s\v]+\w+[\s\v]+\d{1,2},?[\s\v]*\d{4}`+mailed,
	// name (1.0), without what follows today
	`\w[a-z0-9.+-]* \([^() \t]+\)`,
	// name 1.0 Debian 2
	`[\w.+-]+[- ]\S+ debian \S+`,
	`changes from version .* to .*:`,
	`changes for [\w.+-]+-[\w.+-]+:?[\s\v]*$`,
	`old changelog:[\s\v]*$`,
	// 1:1.0-2, alone
	`(?:\d+:)?\w[\w.+~-]*:?[\s\v]*$`,
)

// compileForms compiles when somebody asks: most changelogs have no such heading.
func compileForms(forms ...string) func() []*regexp.Regexp {
	return sync.OnceValue(func() (all []*regexp.Regexp) {
		for _, form := range forms {
			all = append(all, regexp.MustCompile(`^(?i:`+form+`)`))
		}
		return all
	})
}

// isAncient reports the heading of an entry in a format from before 1996.
func isAncient(line []byte) bool {
	for _, form := range ancient() {
		if form.Match(line) {
			return true
		}
	}
	return false
}

// isSettings reports the first line of an editor's settings.
func isSettings(line []byte) bool {
	text := strings.ToLower(string(line[:min(len(line), 200)]))
	editor := strings.TrimLeft(strings.TrimPrefix(text, ";;"), space)
	return strings.HasPrefix(editor, "local variables:") || strings.HasPrefix(text, "vim:")
}

// isEndMatter reports the first line of what may stand below the last entry: an editor's settings
// or the history in one of the formats from before 1996.
func isEndMatter(line []byte) bool { return isSettings(line) || isAncient(line) }

// end stops reading at the line that was read last, and says so when there is an entry below it.
func (s *scanner) end(line []byte) {
	below := scanner{rest: s.rest, line: s.line}
	s.rest = nil
	for {
		next, ok := below.readLine()
		if !ok {
			return
		}
		if e, ok := below.heading(next); ok {
			s.warnOfEnd(line, e)
			return
		}
	}
}

// warnOfEnd says that a line ends the changelog above another entry.
func (s *scanner) warnOfEnd(line []byte, below Entry) {
	what := "a heading from before 1996"
	if isSettings(line) {
		what = "an editor's settings"
	}
	s.warn("the changelog ends at %s, %s: entry %s (%s) in line %d is not read",
		what, excerpt(line), below.Package, below.Version, below.Line)
}
