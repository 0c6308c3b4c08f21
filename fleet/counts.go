package fleet

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/source"
)

// wish is what the entry needs of a checkout of its repository.
func (l *Listed) wish(git source.Git) source.Wish {
	return source.Wish{
		Submodules: l.Submodules, NoFilters: l.NoFilters,
		Counts: func(root string) func(name string, folder bool) bool { return l.counts(root, git.Subdir) },
	}
}

// Checkout says what of its commit the entry has checked out; empty for all of it.
func (l *Listed) Checkout() string { return l.wish(source.Git{}).String() }

// counts tells which paths of a checkout the image may be made from: those in the context, the
// Dockerfile and the test.
func (l *Listed) counts(checkout, subdir string) func(name string, folder bool) bool {
	all := func(string, bool) bool { return true }
	dir := linked(checkout, path.Clean(subdir))
	root, err := os.OpenRoot(checkout)
	if err != nil {
		return all
	}
	defer root.Close()
	leftOut := buildcontext.LeftOut(root, dir, l.Dockerfile)
	return func(name string, folder bool) bool {
		if folder && within(dir, name) {
			return true // the context is in it, or is it
		}
		if !within(name, dir) {
			return false
		}
		rel := name
		if dir != "." {
			rel = strings.TrimPrefix(name, dir+"/")
		}
		for _, own := range []string{l.Dockerfile, l.Test} {
			if own != "" && within(path.Clean(own), rel) {
				return true
			}
		}
		return !leftOut(rel, folder)
	}
}

// within tells whether a slash path is the folder or below it.
func within(name, folder string) bool {
	return folder == "." || name == folder || strings.HasPrefix(name, folder+"/")
}

// linked is a folder of a checkout with links resolved, or as it is if it is not there yet.
func linked(checkout, dir string) string {
	real, err := filepath.EvalSymlinks(checkout)
	if err != nil {
		return dir
	}
	at, err := filepath.EvalSymlinks(filepath.Join(real, filepath.FromSlash(dir)))
	if err != nil {
		return dir
	}
	rel, err := filepath.Rel(real, at)
	if err != nil || !filepath.IsLocal(rel) {
		return dir
	}
	return filepath.ToSlash(rel)
}
