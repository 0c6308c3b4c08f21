//go:build !linux

package buildcontext

import (
	"io/fs"
	"os"
)

// folder is an open folder.
type folder struct{ root *os.Root }

// openFolder opens a folder below root; links on the way may not leave it.
func openFolder(root *os.Root, name string) (folder, error) {
	sub, err := root.OpenRoot(name)
	return folder{sub}, err
}

// open opens a folder that is in this one.
func (d folder) open(name string) (folder, error) { return openFolder(d.root, name) }

func (d folder) close() { d.root.Close() }

// names lists the folder, in no order.
func (d folder) names() ([]string, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// lstat looks at an entry of the folder.
func (d folder) lstat(name string) (meta, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return meta{}, err
	}
	return newMeta(info), nil
}

// newMeta takes over what os.Root found. Change time, inode and device are not known here: size and
// mtime alone tell whether a file changed.
func newMeta(info fs.FileInfo) meta {
	return meta{mode: info.Mode(), size: info.Size(), mtime: info.ModTime().UnixNano()}
}
