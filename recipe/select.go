package recipe

import (
	"fmt"
	"path"
	"strings"

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
	links := links(entries)
	for _, u := range uses {
		if len(links) > 0 { // what a link leads to has another path: no pattern can be applied to it
			for root := range links.reach(u) {
				mark(selected, entries, root)
			}
			continue
		}
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

// Check tells whether all patterns of the uses can be read.
func Check(uses []Use) error {
	for _, u := range uses {
		if _, err := newSelector(u); err != nil {
			return err
		}
	}
	return nil
}

// mark selects a path and what is below it.
func mark(selected []bool, entries []Entry, root string) {
	for i, e := range entries {
		if root == "." || within(e.Path, root) {
			selected[i] = true
		}
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

// mark selects what the use takes, with the folders that lead there.
func (s selector) mark(selected []bool, entries []Entry) error {
	root, found := "", s.Path == "."
	for i, e := range entries {
		if s.Path != "." && !(found && within(e.Path, root)) {
			if found = s.matches(e.Path); !found {
				continue
			}
			root = e.Path
		}
		rest := strings.TrimPrefix(strings.TrimPrefix(e.Path, root), "/")
		taken, err := s.takes(rest)
		if err != nil {
			return err
		}
		if taken {
			selected[i] = true
			selectParents(selected, entries[:i], e.Path, root)
		}
	}
	return nil
}

func (s selector) matches(p string) bool {
	if !s.Wildcard {
		return p == s.Path
	}
	ok, _ := path.Match(s.Path, p) // the pattern was tried before
	return ok
}

// takes judges a path relative to what the use names; that itself is the empty path.
func (s selector) takes(rest string) (bool, error) {
	if rest == "" {
		return true, nil
	}
	if s.include != nil {
		if ok, err := s.include.MatchesOrParentMatches(rest); err != nil || !ok {
			return false, err
		}
	}
	if s.exclude != nil {
		if ok, err := s.exclude.MatchesOrParentMatches(rest); err != nil || ok {
			return false, err
		}
	}
	return true, nil
}

// selectParents selects the folders between the root and the path, which come before it.
func selectParents(selected []bool, before []Entry, p, root string) {
	for i := len(before) - 1; i >= 0; i-- {
		parent := path.Dir(p)
		if parent == "." || parent == root || len(parent) < len(root) {
			return
		}
		if before[i].Path == parent {
			if selected[i] {
				return
			}
			selected[i], p = true, parent
		}
	}
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

// reach finds the paths that a use leads to, over all links on the way.
func (t linkTree) reach(u Use) map[string]bool {
	r := reacher{tree: t, found: map[string]bool{}, seen: map[string]bool{}}
	r.walk(".", parts(u.Path, u.Wildcard), maxLinks)
	return r.found
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
