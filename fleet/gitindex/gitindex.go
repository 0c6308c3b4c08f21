// Package gitindex reads which files of a checkout git tracks, and what it keeps of their modes.
//
// It reads git's files itself, as gitformat-index(5), gitrepository-layout(5) and git-config(1) describe
// them. The git program is not started: it may not be there, it refuses a checkout of another owner, and a
// plan has no time for it. go-git's reader was looked at (v5.19.3 and v6.0.0-beta.1): it refuses split and
// sparse indexes, v5 reads SHA-256 only under a build tag, and 50,000 files take it 35 ms at best and 750,000
// allocations. Here they take 8 to 10 ms at best, and some 300 allocations.
//
// The environment (GIT_DIR, GIT_INDEX_FILE, …) and the configuration of the user and the machine are not
// asked, so that everybody who has the same checkout gets the same answers. For the same reason include.path
// in a repository's configuration is not followed.
package gitindex

import "io/fs"

// Mode is what git knows of a tracked file's mode.
type Mode uint8

// The modes of git's index. The zero Mode means that git does not track the file.
const (
	Regular    Mode = iota + 1 // 0644
	Executable                 // 0755
	Symlink
	Gitlink // the folder of a submodule, whose files are in an index of their own
	folder  // of a sparse index: all below it is tracked, and not in the work tree
)

// Index is what git tracks in a checkout. It does not change, and may be used by several goroutines at once.
//
// Paths are relative to the checkout's top, with slashes, as io/fs has them; "." is the top. Symbolic links
// are not followed: git tracks nothing behind a link.
type Index struct {
	*Checkout
	tree *tree
}

// Open reads the index of the checkout that holds the folder dir. It returns nil when there is none. For a
// folder of a submodule it is the submodule's index; while that is not checked out, it is the outer one.
func Open(dir string) (*Index, error) {
	c, err := find(dir)
	if c == nil || err != nil {
		return nil, err
	}
	return c.Read()
}

// Tracked tells whether git tracks the file, and as what. A file with a merge conflict is tracked. A file in a
// folder that a sparse index holds as a whole is not known by name, and counts as not tracked.
func (x *Index) Tracked(path string) (mode Mode, ok bool) {
	mode = x.tree.files[path].mode()
	return mode, mode != 0
}

// HasBelow tells whether git tracks something below the folder; git tracks no folders themselves.
func (x *Index) HasBelow(dir string) bool { return x.tree.folders[dir] }

// Kept returns the permissions that git keeps of what stands at path in the work tree with the mode found:
// those of a clone that is made with umask 022. Of a file the executable bit counts as "git add" would take
// it, see FileMode. It keeps none (ok is false) of what it does not track, or tracks as something else:
// a link that the caller has followed is to be asked for by the path that it leads to.
func (x *Index) Kept(path string, found fs.FileMode) (perm fs.FileMode, ok bool) {
	mode, _ := x.Tracked(path)
	switch found.Type() {
	case fs.ModeDir:
		return 0o755, mode == Gitlink || x.HasBelow(path)
	case fs.ModeSymlink:
		return 0o777, mode == Symlink
	case 0:
		executable := mode == Executable
		if x.FileMode() {
			executable = found&0o100 != 0
		}
		if executable {
			return 0o755, mode == Regular || mode == Executable
		}
		return 0o644, mode == Regular || mode == Executable
	}
	return 0, false
}
