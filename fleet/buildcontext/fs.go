package buildcontext

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Open implements fs.FS.
func (t *Tree) Open(name string) (fs.File, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	switch {
	case n.IsDir():
		return &openDir{node: n, entries: t.list(n)}, nil
	case n == t.own:
		return openText{n, strings.NewReader(n.text)}, nil
	}
	file, err := t.openFile(n)
	if err != nil {
		return nil, err
	}
	return namedFile{file, n.Name()}, nil
}

// Stat implements fs.StatFS.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	n, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Lstat is Stat: no link is followed.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) { return t.Stat(name) }

// ReadLink implements fs.ReadLinkFS. Only a tree of OpenWithLinks has links.
func (t *Tree) ReadLink(name string) (string, error) {
	n, err := t.find("readlink", name)
	if err != nil {
		return "", err
	}
	if n.meta.mode&fs.ModeSymlink == 0 {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return n.text, nil
}

// ReadDir implements fs.ReadDirFS; the entries are sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	return t.list(n), nil
}

func (t *Tree) find(op, name string) (*node, error) {
	if t.own != nil && (name == OwnFile || strings.HasPrefix(name, OwnFile+"/")) {
		if name == OwnFile {
			return t.own, nil
		}
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	n := t.top
	for rest := name; n != nil && rest != "" && name != "."; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		n = n.child(part)
	}
	if n == nil || n.hidden || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

// child returns nil where there is none of this name.
func (n *node) child(name string) *node {
	i, found := slices.BinarySearchFunc(n.children, name, func(c *node, name string) int { return strings.Compare(c.Name(), name) })
	if !found {
		return nil
	}
	return n.children[i]
}

func (t *Tree) list(n *node) []fs.DirEntry {
	children := n.children
	if n == t.top {
		children = t.withOwn(children)
	}
	out := make([]fs.DirEntry, 0, len(children))
	for _, c := range children {
		if !c.hidden {
			out = append(out, fs.FileInfoToDirEntry(c))
		}
	}
	return out
}

// A node is the file info of its source under the name it has in the tree.

func (n *node) Name() string       { return n.path[strings.LastIndexByte(n.path, '/')+1:] }
func (n *node) Size() int64        { return n.meta.size }
func (n *node) Mode() fs.FileMode  { return n.kept }
func (n *node) ModTime() time.Time { return time.Unix(0, n.meta.mtime) }
func (n *node) IsDir() bool        { return n.meta.mode.IsDir() }
func (n *node) Sys() any           { return nil }

// openDir is an open folder.
type openDir struct {
	node    *node
	entries []fs.DirEntry
	next    int
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.node, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.node.path, Err: errors.New("is a directory")}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	all := d.entries[d.next:]
	if n <= 0 {
		d.next += len(all)
		return all, nil
	}
	if len(all) == 0 {
		return nil, io.EOF
	}
	all = all[:min(n, len(all))]
	d.next += len(all)
	return all, nil
}

// Paths lists every path of the tree, sorted, folders included.
func (t *Tree) Paths() []string {
	var out []string
	for n := range t.all() {
		if !n.hidden {
			out = append(out, n.path)
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
