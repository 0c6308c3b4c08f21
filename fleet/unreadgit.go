package fleet

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/problem"
)

// unreadGit collects which data of git's could not be read: of each checkout once, however many images
// have their files in it.
type unreadGit struct {
	mu    sync.Mutex
	found map[string]Problem // by the text of the error
}

// note takes an error of package gitindex, which begins with a path and may end with a hint.
func (u *unreadGit) note(err error) {
	text, hint := problem.Split(err)
	place, what, ok := strings.Cut(text, ": ")
	if !ok {
		place, what = "", text
	}
	line := 0
	if i := strings.LastIndexByte(place, ':'); i >= 0 {
		if n, err := strconv.Atoi(place[i+1:]); err == nil {
			place, line = place[:i], n
		}
	}
	if hint != "" {
		hint += "; "
	}
	p := newProblem(fault.UnreadableGit, shownPaths([]string{place})[0], line, hint+"`slipway: {git_modes: false}` in the configuration says that modes count as they stand",
		"%s; modes of files count as they stand, not as git keeps them", what)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.found[text] = p
}

// UnreadableGit are the checkouts whose files have the modes that they have because git's data could not
// be read, one problem each, sorted. A checkout is looked at when Context first is.
func (f *Fleet) UnreadableGit() []Problem {
	if f.unreadGit == nil {
		return nil
	}
	f.unreadGit.mu.Lock()
	defer f.unreadGit.mu.Unlock()
	problems := slices.Collect(maps.Values(f.unreadGit.found))
	sortProblems(problems)
	return problems
}
