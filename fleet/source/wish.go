package source

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

// Wish says what of a commit is wanted. The zero value is all of it, with all submodules and filters.
type Wish struct {
	// Submodules are the paths of those that are fetched, each with what is nested in it; nil is all,
	// empty none.
	Submodules []string
	// NoFilters leaves files as the commit has them: git-lfs and its like are not run.
	NoFilters bool
	// Counts tells for a checkout which of its files and folders the caller needs. What cannot be had is
	// an error only if it is needed. Nil is all. The checkout may be unfinished: submodules are missing.
	Counts func(root string) func(path string, folder bool) bool
}

// counts never returns nil.
func (w Wish) counts(root string) func(path string, folder bool) bool {
	if w.Counts == nil {
		return func(string, bool) bool { return true }
	}
	return w.Counts(root)
}

// wants tells whether the submodule at a path is fetched: for itself, or for one that is nested in it.
func (w Wish) wants(at string) bool {
	if w.Submodules == nil {
		return true
	}
	for _, p := range w.Submodules {
		if inside(at, p) || inside(p, at) {
			return true
		}
	}
	return false
}

// inside tells whether a slash path is the folder or below it.
func inside(name, folder string) bool {
	return folder == "." || name == folder || strings.HasPrefix(name, folder+"/")
}

// String is what the checkouts of one commit differ in; empty for all of it.
func (w Wish) String() string {
	var parts []string
	if w.Submodules != nil {
		parts = append(parts, "submodules="+strings.Join(slices.Sorted(slices.Values(w.Submodules)), ","))
	}
	if w.NoFilters {
		parts = append(parts, "filters=no")
	}
	return strings.Join(parts, " ")
}

// nameOf is one path element. The repository is part of it, so that nobody gets
// the files of a private one by knowing a commit's id.
func nameOf(g Git, commit string, w Wish, variants ...string) string {
	key := display(g.URL)
	for _, s := range append([]string{w.String()}, variants...) {
		if s != "" {
			key += "\x00" + s
		}
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8]) + "-" + commit
}

// below is a path of a submodule in the whole checkout.
func below(at, name string) string { return path.Join(at, name) }
