package buildcontext

import (
	"bytes"
	"io"
	"slices"
)

// A pointer of git-lfs begins with pointerStart and is shorter than maxPointer bytes (git-lfs's
// specification, "The Pointer").
const (
	pointerStart = "version https://git-lfs.github.com/spec/"
	maxPointer   = 1024
)

// IsPointer tells whether data, all of a file, is a pointer of git-lfs.
func IsPointer(data []byte) bool {
	return MayBePointer(int64(len(data))) && bytes.HasPrefix(data, []byte(pointerStart)) && bytes.Contains(data, []byte("\noid "))
}

// MayBePointer tells by a file's size in bytes whether it may be one.
func MayBePointer(size int64) bool { return size > int64(len(pointerStart)) && size < maxPointer }

// Pointers lists the files of the context that are pointers of git-lfs, sorted. Files that cannot be read
// are left to who needs them.
func (t *Tree) Pointers() []string {
	var found []string
	for n := range t.all() {
		if n.meta.mode.IsRegular() && !n.hidden && MayBePointer(n.meta.size) && t.isPointer(n) {
			found = append(found, n.path)
		}
	}
	slices.Sort(found)
	return found
}

func (t *Tree) isPointer(n *node) bool {
	f, err := t.openFile(n)
	if err != nil {
		return false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPointer))
	return err == nil && IsPointer(data)
}
