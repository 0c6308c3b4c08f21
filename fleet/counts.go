package fleet

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/source"
)

// wish is what the entry needs of a checkout of its repository.
func (l *Listed) wish(git source.Git) source.Wish {
	return source.Wish{
		Submodules: l.Submodules, NoFilters: l.NoFilters,
		Counts: func(root string) func(name string, folder bool) bool { return l.parts(root, git.Subdir).counts },
	}
}

// Checkout says what of its commit the entry has checked out; empty for all of it.
func (l *Listed) Checkout() string { return l.wish(source.Git{}).String() }

// parts tells which paths of a checkout an image may be made from.
type parts struct {
	dir     string   // of the context, links resolved
	own     []string // files in it that are needed in any case
	leftOut func(name string, folder bool) bool
}

func (l *Listed) parts(checkout, subdir string) parts {
	p := parts{dir: linked(checkout, path.Clean(subdir)), leftOut: func(string, bool) bool { return false }}
	root, err := os.OpenRoot(checkout)
	if err != nil {
		return p
	}
	defer root.Close()
	p.leftOut = buildcontext.LeftOut(root, p.dir, l.Dockerfile)
	for _, own := range []string{l.Dockerfile, l.Test, buildcontext.IgnoreFileOf(root, p.dir, l.Dockerfile)} {
		if own == "" {
			continue
		}
		p.own = append(p.own, path.Clean(own))
		if rel, ok := p.rel(linked(checkout, path.Join(p.dir, own))); ok {
			p.own = append(p.own, rel)
		}
	}
	return p
}

// rel is a path of the checkout in the context, if it is in it.
func (p parts) rel(name string) (string, bool) {
	if !within(name, p.dir) {
		return "", false
	}
	if p.dir != "." {
		name = strings.TrimPrefix(name, p.dir+"/")
	}
	return name, true
}

// needed tells whether there is no image without the path: it leads to the context, or to the Dockerfile,
// the test or the list of files to leave out.
func (p parts) needed(name string, folder bool) bool {
	if folder && within(p.dir, name) {
		return true
	}
	rel, ok := p.rel(name)
	return ok && slices.ContainsFunc(p.own, func(own string) bool { return within(own, rel) })
}

// countsSettled is counts for who was found to do without submodules.
func (p parts) countsSettled(name string, folder bool) bool {
	return p.needed(name, folder) || !folder && p.counts(name, folder)
}

// counts tells whether the path is needed, or in the context, so that an instruction may take it.
func (p parts) counts(name string, folder bool) bool {
	rel, ok := p.rel(name)
	return p.needed(name, folder) || ok && !p.leftOut(rel, folder)
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
