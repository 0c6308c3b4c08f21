package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet/fault"
)

// excludeKey is the key of the configuration that leaves definitions out.
const excludeKey = "slipway.exclude"

// excludedHint is for who looks for what is left out.
const excludedHint = excludeKey + " leaves it out: as an image from elsewhere it belongs into base_images"

// exclusion is what excludeKey leaves out: folders, with all below them, and names. It is safe for
// concurrent use.
type exclusion struct {
	texts   []string
	globs   []compiledGlob
	matched []atomic.Bool // by glob
}

func newExclusion(cfg *config.Config) (*exclusion, error) {
	x := &exclusion{texts: cfg.Slipway.Exclude, matched: make([]atomic.Bool, len(cfg.Slipway.Exclude))}
	for _, text := range x.texts {
		glob := strings.TrimSuffix(strings.TrimPrefix(text, "./"), "/")
		if err := CheckGlob(glob); err != nil {
			return nil, fmt.Errorf("%s: cannot use %q of %s: %w", cfg.Place(excludeKey), brief(text), excludeKey, err)
		}
		x.globs = append(x.globs, compileGlob(glob))
	}
	return x, nil
}

// leavesOut reports whether a folder, as a slash path below the one that is scanned, or a name matches.
func (x *exclusion) leavesOut(name string) bool {
	out := false
	for i, glob := range x.globs {
		if glob.match([]rune(name)) {
			out = true
			x.matched[i].Store(true)
		}
	}
	return out
}

// names reports whether a glob matches the name of an image that is not there.
func (x *exclusion) names(name string) bool {
	return x != nil && slices.ContainsFunc(x.globs, func(p compiledGlob) bool { return p.match([]rune(name)) })
}

// unused warns of globs that matched nothing: most likely a slip of the pen.
func (x *exclusion) unused(cfg *config.Config) []Problem {
	for _, l := range cfg.Builder { // whose images need not be part of this scan
		x.leavesOut(l.Name)
	}
	var problems []Problem
	path, line := splitPlace(cfg.Place(excludeKey))
	untold := 0
	for i, text := range x.texts {
		switch {
		case x.matched[i].Load():
		case len(problems) == maxTold:
			untold++
		default:
			problems = append(problems, newProblem(fault.UnusedExclude, path, line, "a glob is compared with names of images, and with folders below the one that is scanned",
				"%q of %s leaves nothing out", text, excludeKey))
		}
	}
	if untold > 0 {
		problems = append(problems, newProblem(fault.UnusedExclude, path, line, "", "%d more globs of %s leave nothing out", untold, excludeKey))
	}
	return problems
}

// splitPlace takes what config.Place returns apart.
func splitPlace(place string) (path string, line int) {
	i := strings.LastIndexByte(place, ':')
	if i < 0 {
		return place, 0
	}
	line, _ = strconv.Atoi(place[i+1:])
	return place[:i], line
}

// IncludedList is the configuration's list without the images that the configuration leaves out.
func IncludedList(cfg *config.Config) ([]config.Listed, error) {
	x, err := newExclusion(cfg)
	if err != nil {
		return nil, err
	}
	var list []config.Listed
	for _, l := range cfg.Builder {
		if !x.leavesOut(l.Name) {
			list = append(list, l)
		}
	}
	return list, nil
}
