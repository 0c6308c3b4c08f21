package recipe

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/moby/patternmatcher"
)

// Entry is a file or folder of a context.
type Entry struct {
	Path string // slash path below the context's root
	Link string // what a symbolic link holds; empty for everything else
}

// Select tells which entries of a context are part of the uses: each that BuildKit's checksum of the
// context can depend on. Entries are in the order of a walk, folders before what is in them.
func Select(uses []Use, entries []Entry) ([]bool, error) {
	selected := make([]bool, len(entries))
	if work(uses, entries) > maxWork {
		for i := range selected {
			selected[i] = true
		}
		return selected, nil
	}
	if links := links(entries); len(links) > 0 { // what a link leads to has another path: no pattern can be applied to it
		mark(selected, entries, links.reach(uses))
		return selected, nil
	}
	for _, u := range uses {
		s, err := newSelector(u)
		if err != nil {
			return nil, err
		}
		if err := s.mark(selected, entries); err != nil {
			return nil, err
		}
	}
	return selected, nil
}

// maxWork bounds what patterns may cost, which come from a registry: it is some ten seconds. All of the
// context counts beyond it.
const maxWork = 1 << 30

// work is how many bytes of patterns are compared with how many of paths.
func work(uses []Use, entries []Entry) int {
	patterns, paths := 0, 0
	for _, u := range uses {
		for _, p := range slices.Concat(u.Include, u.Exclude) {
			patterns += len(p)
		}
	}
	for _, e := range entries {
		paths += len(e.Path)
	}
	return patterns * paths
}

// Check tells whether all patterns of the uses can be read, and all names written down.
func Check(uses []Use) error {
	for _, u := range uses {
		for _, text := range slices.Concat([]string{u.Path}, u.Include, u.Exclude) {
			if !utf8.ValidString(text) { // JSON would hold another name
				return fmt.Errorf("cannot write the name %q down: it is not valid UTF-8", text)
			}
		}
		if _, err := newSelector(u); err != nil {
			return err
		}
	}
	return nil
}

// mark selects these paths and what is below them.
func mark(selected []bool, entries []Entry, roots map[string]bool) {
	inside := ""
	for i, e := range entries {
		if roots[e.Path] && (inside == "" || !within(e.Path, inside)) {
			inside = e.Path
		}
		selected[i] = roots["."] || inside != "" && within(e.Path, inside)
	}
}

func within(p, root string) bool {
	return strings.HasPrefix(p, root) && (len(p) == len(root) || p[len(root)] == '/')
}

// selector is a use that is ready to be compared with.
type selector struct {
	Use
	include, exclude *patternmatcher.PatternMatcher
}

func newSelector(u Use) (s selector, err error) {
	s.Use = u
	if u.Wildcard {
		if _, err := path.Match(u.Path, ""); err != nil {
			return s, fmt.Errorf("cannot read the pattern %q: %w", u.Path, err)
		}
	}
	if len(u.Include) > 0 {
		if s.include, err = newMatcher(u.Include); err != nil {
			return s, err
		}
	}
	if len(u.Exclude) > 0 {
		s.exclude, err = newMatcher(u.Exclude)
	}
	return s, err
}

func newMatcher(patterns []string) (*patternmatcher.PatternMatcher, error) {
	m, err := patternmatcher.New(patterns)
	if err == nil { // patterns are compiled when they are first used
		_, err = m.MatchesOrParentMatches("x")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the patterns %q: %w", patterns, err)
	}
	return m, nil
}

// place is an entry on the way to another, with what the patterns say of it: BuildKit hands that down.
type place struct {
	path             string
	index            int // of the entry; -1 for the root of the context
	include, exclude patternmatcher.MatchInfo
}

// mark selects what the use takes, with the folders that lead there.
func (s selector) mark(selected []bool, entries []Entry) error {
	var way []place // from what the use names to the entry
	if s.Path == "." {
		top, _, err := s.judge("", place{})
		if err != nil {
			return err
		}
		top.index = -1
		way = append(way, top)
	}
	for i, e := range entries {
		for len(way) > 0 && way[len(way)-1].index >= 0 && !within(e.Path, way[len(way)-1].path) {
			way = way[:len(way)-1]
		}
		rest, parent := "", place{}
		switch {
		case len(way) > 0:
			rest, parent = strings.TrimPrefix(e.Path[len(way[0].path):], "/"), way[len(way)-1]
		case !s.matches(e.Path):
			continue
		}
		here, taken, err := s.judge(rest, parent)
		if err != nil {
			return err
		}
		here.path, here.index = e.Path, i
		way = append(way, here)
		if taken {
			selectAll(selected, way)
		}
	}
	return nil
}

func selectAll(selected []bool, way []place) {
	for _, p := range way {
		if p.index >= 0 {
			selected[p.index] = true
		}
	}
}

func (s selector) matches(p string) bool {
	if !s.Wildcard {
		return p == s.Path
	}
	ok, _ := path.Match(s.Path, p) // the pattern was tried before
	return ok
}

// judge tells whether a path is taken, relative to what the use names; that itself is the empty path, which
// is always taken. The patterns' order matters, and what a later one says of a folder only if the earlier
// ones left it open: this is BuildKit's way to apply them, step for step.
func (s selector) judge(rest string, parent place) (here place, taken bool, err error) {
	taken = true
	if s.include != nil {
		taken, here.include, err = s.include.MatchesUsingParentResults(rest, parent.include)
	}
	if taken && err == nil && s.exclude != nil {
		var out bool
		out, here.exclude, err = s.exclude.MatchesUsingParentResults(rest, parent.exclude)
		taken = !out
	}
	return here, taken || rest == "", err
}

// maxLinks is how many links one path may lead through, as in the kernel.
const maxLinks = 255

// linkTree is a context that has symbolic links.
type linkTree map[string]linkNode

type linkNode struct {
	link     string
	children []string
}

// links are the entries by path, if one of them is a link.
func links(entries []Entry) linkTree {
	some := false
	for _, e := range entries {
		some = some || e.Link != ""
	}
	if !some {
		return nil
	}
	t := linkTree{}
	for _, e := range entries {
		n := t[e.Path]
		n.link = e.Link
		t[e.Path] = n
		parent := t[path.Dir(e.Path)]
		parent.children = append(parent.children, path.Base(e.Path))
		t[path.Dir(e.Path)] = parent
	}
	return t
}

// reach finds the paths that uses lead to, over all links on the way.
func (t linkTree) reach(uses []Use) map[string]bool {
	found := map[string]bool{}
	for _, u := range uses {
		r := reacher{tree: t, found: found, seen: map[string]bool{}}
		r.walk(".", parts(u.Path, u.Wildcard), maxLinks)
	}
	return found
}

type reacher struct {
	tree  linkTree
	found map[string]bool
	seen  map[string]bool // places with the parts that were left to go
}

// part is one name of a path, or a pattern for one.
type part struct {
	name    string
	pattern bool
}

func parts(p string, wildcard bool) []part {
	var out []part
	for name := range strings.SplitSeq(p, "/") {
		if name != "." && name != "" {
			out = append(out, part{name, wildcard})
		}
	}
	return out
}

func (p part) matches(name string) bool {
	if !p.pattern {
		return p.name == name
	}
	ok, err := path.Match(p.name, name)
	return err == nil && ok
}

func (r reacher) walk(at string, rest []part, left int) {
	key := at
	for _, p := range rest {
		key += "\x00" + p.name
	}
	if r.seen[key] {
		return
	}
	r.seen[key] = true
	if len(rest) == 0 || left == 0 {
		r.found[at] = true
		return
	}
	for _, name := range r.tree[at].children {
		if !rest[0].matches(name) {
			continue
		}
		next := path.Join(at, name)
		link := r.tree[next].link
		if link == "" {
			r.walk(next, rest[1:], left)
			continue
		}
		r.found[next] = true
		if !path.IsAbs(link) {
			link = path.Join("/", at, link)
		}
		r.walk(".", append(parts(clean(link), false), rest[1:]...), left-1)
	}
}
