package buildcontext

import (
	"os"
	"path"
	"strings"

	"github.com/moby/patternmatcher"
)

// LeftOut tells which paths in a folder the list of files to leave out keeps from the context, the list
// that a build with this Dockerfile has (see IgnoreFileOf). Of a folder it is sure only when no exception
// could bring back a file in it, which need not exist. A list that cannot be read leaves nothing out.
func LeftOut(root *os.Root, dir, dockerfile string) func(name string, folder bool) bool {
	nothing := func(string, bool) bool { return false }
	t := &Tree{root: root, dir: path.Clean(dir), ignoreFile: IgnoreFileOf(root, dir, dockerfile)}
	here, err := openFolder(root, t.dir)
	if err != nil {
		return nothing
	}
	defer here.close()
	matcher, err := t.ignore(here)
	if err != nil {
		return nothing
	}
	return func(name string, folder bool) bool {
		out, err := matcher.MatchesOrParentMatches(name)
		return err == nil && out && !(folder && mayComeBack(matcher, name))
	}
}

// mayComeBack tells whether an exception may be about something in a folder.
func mayComeBack(matcher *patternmatcher.PatternMatcher, folder string) bool {
	for _, p := range matcher.Patterns() {
		if p.Exclusion() && meets(strings.TrimPrefix(p.String(), "/"), folder) {
			return true
		}
	}
	return false
}

// meets tells whether a pattern may match something in the folder, or the folder. It goes by the parts in
// front of the first wildcard.
func meets(pattern, folder string) bool {
	for pattern != "" && folder != "" {
		var p, f string
		p, pattern, _ = strings.Cut(pattern, "/")
		f, folder, _ = strings.Cut(folder, "/")
		if strings.ContainsAny(p, `*?[\`) {
			return true
		}
		if p != f {
			return false
		}
	}
	return true
}
