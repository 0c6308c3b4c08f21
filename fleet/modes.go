package fleet

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/gitindex"
)

// gitModes are the modes that git keeps of the files in a checkout: two clones have the same, whatever
// the umask was. What git does not track has the mode that it has. It implements buildcontext.Modes.
type gitModes struct {
	index  *gitindex.Index
	unread *unreadGit
	root   string // absolute path of the folder that paths are below
	prefix string // of the root in the checkout, with a slash at its end; empty for its top

	mu     sync.Mutex
	others map[string]*gitModes // of other checkouts, by the folder that was asked for; nil for none
}

var _ buildcontext.Modes = (*gitModes)(nil)

// openModes reads the index of the checkout that holds the folder. It is nil when there is none, and when
// it cannot be read: git is then as good as not there.
func openModes(root string, unread *unreadGit) *gitModes {
	index, err := gitindex.Open(root)
	if err != nil {
		unread.note(err)
		return nil
	}
	if index == nil {
		return nil
	}
	rel, ok := index.Rel(root)
	if !ok {
		return nil
	}
	m := &gitModes{index: index, unread: unread, root: root, others: map[string]*gitModes{}}
	if rel != "." {
		m.prefix = rel + "/"
	}
	return m
}

// Mode implements buildcontext.Modes.
func (m *gitModes) Mode(name string, mode fs.FileMode) (fs.FileMode, bool) {
	if path.IsAbs(name) {
		rel, err := filepath.Rel(m.root, name)
		if err != nil || !filepath.IsLocal(rel) {
			return m.elsewhere(name, mode)
		}
		name = filepath.ToSlash(rel)
	}
	inside := m.prefix + name
	if kept, ok := m.index.Kept(inside, mode); ok {
		return mode.Type() | kept, true
	}
	for dir := path.Dir(inside); dir != "."; dir = path.Dir(dir) {
		if kind, ok := m.index.Tracked(dir); ok && kind == gitindex.Gitlink { // a submodule has an index of its own
			return m.other(dir, filepath.Join(m.root, filepath.FromSlash(name)), mode)
		}
	}
	return mode, false
}

// elsewhere is for a file that a link led to, outside the root.
func (m *gitModes) elsewhere(name string, mode fs.FileMode) (fs.FileMode, bool) {
	if top := m.index.Top(); strings.HasPrefix(name, top+"/") {
		kept, ok := m.index.Kept(strings.TrimPrefix(name, top+"/"), mode)
		if ok {
			return mode.Type() | kept, true
		}
		return mode, false
	}
	return m.other(path.Dir(name), name, mode)
}

// other asks the checkout that holds the file, which is in the folder key or named by it.
func (m *gitModes) other(key, name string, mode fs.FileMode) (fs.FileMode, bool) {
	m.mu.Lock()
	inner, known := m.others[key]
	if !known {
		inner = openModes(filepath.Dir(name), m.unread)
		if inner != nil && inner.index.Top() == m.index.Top() { // a submodule that is not checked out
			inner = nil
		}
		m.others[key] = inner
	}
	m.mu.Unlock()
	if inner == nil {
		return mode, false
	}
	rel, err := filepath.Rel(inner.index.Top(), name)
	if err != nil {
		return mode, false
	}
	kept, ok := inner.index.Kept(filepath.ToSlash(rel), mode)
	if !ok {
		return mode, false
	}
	return mode.Type() | kept, true
}

// lazyModes reads the index when the first mode is asked for.
type lazyModes struct {
	root   string
	unread *unreadGit
	once   sync.Once
	git    *gitModes
}

func (l *lazyModes) open() *gitModes {
	l.once.Do(func() { l.git = openModes(l.root, l.unread) })
	return l.git
}

// keepModes takes the modes of files in build contexts from git where it can.
func (f *Fleet) keepModes() {
	f.unreadGit = &unreadGit{found: map[string]Problem{}}
	f.modes = map[string]*lazyModes{}
	for _, img := range f.Images {
		s := img.Definition.Source()
		if s.Root != "" && s.Commit == "" && f.modes[s.Root] == nil { // a fetched commit has the modes that git keeps
			f.modes[s.Root] = &lazyModes{root: s.Root, unread: f.unreadGit}
		}
	}
}

// Modes are those that a build sees of the files in the image's folder; nil when they count as they stand.
func (f *Fleet) Modes(img *Image) buildcontext.Modes {
	if l := f.modes[img.Definition.Source().Root]; l != nil {
		if git := l.open(); git != nil {
			return git
		}
	}
	return nil
}
