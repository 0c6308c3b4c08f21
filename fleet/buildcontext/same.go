package buildcontext

import (
	"io/fs"
	"slices"
)

// Same are the paths at which a build sees a file that the system knows as info, sorted: where it stands, where a
// hard link to it does, and where a symbolic link led to it.
func (t *Tree) Same(info fs.FileInfo) (paths []string) {
	file := newMeta(info)
	for n := range t.all() {
		if !n.hidden && n.meta.mode.IsRegular() && n.meta.sameFile(file) {
			paths = append(paths, n.path)
		}
	}
	slices.Sort(paths)
	return paths
}
