package buildcontext

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// linkRootsKey is the key of the configuration that names the folders beside the fleet's that links
// may lead into.
const linkRootsKey = "slipway.link_roots"

// errOutside tells that a link leads out of all folders that it may lead into.
var errOutside = errors.New("it leads out of the fleet's folder")

// inRoot calls f with the root that the node's source is below, and the source. A link root is opened for each call:
// few files come from there, and so a tree has only one root to close.
func (t *Tree) inRoot(n *node, f func(root *os.Root, source string) error) error {
	from := t.origin(n)
	if from.linkRoot == "" {
		return f(t.root, from.source)
	}
	root, err := os.OpenRoot(from.linkRoot)
	if err != nil {
		return err
	}
	defer root.Close() // what was opened through it stays open
	return f(root, from.source)
}

// openFile opens the file that a node stands for.
func (t *Tree) openFile(n *node) (file *os.File, err error) {
	err = t.inRoot(n, func(root *os.Root, source string) error {
		file, err = OpenRegular(root, source)
		return err
	})
	return file, err
}

// namedFile is an open file under the name that it has in the tree. Where a link led to it, it has
// another.
type namedFile struct {
	*os.File
	name string
}

// Stat implements fs.File.
func (f namedFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return namedInfo{info, f.name}, err
}

type namedInfo struct {
	fs.FileInfo
	name string
}

// Name implements fs.FileInfo.
func (i namedInfo) Name() string { return i.name }

// openOwn opens a file of the image's folder, which may be a link.
func (t *Tree) openOwn(source string) (*os.File, error) {
	f, err := OpenRegular(t.root, source)
	if err == nil || len(t.LinkRoots) == 0 {
		return f, err
	}
	n := &node{from: &origin{source: source}}
	if _, _, err := t.statLink(n); err != nil {
		return nil, err
	}
	return t.openFile(n)
}

// openDir opens the folder that a link leads to.
func (t *Tree) openDir(n *node) (dir folder, err error) {
	err = t.inRoot(n, func(root *os.Root, source string) error {
		dir, err = openFolder(root, source)
		return err
	})
	return dir, err
}

// statLink looks at what a link leads to; target is its text. What leads out of the root that the link
// is in is looked for in the others, and becomes the node's source.
func (t *Tree) statLink(n *node) (info fs.FileInfo, target string, err error) {
	err = t.inRoot(n, func(root *os.Root, source string) error {
		target, _ = root.Readlink(source)
		info, err = root.Stat(source)
		return err
	})
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || len(t.LinkRoots) == 0 {
		return info, target, err
	}
	from := t.origin(n)
	link := filepath.Join(t.rootName(from.linkRoot), filepath.FromSlash(from.source))
	real, err := filepath.EvalSymlinks(link)
	if errors.Is(err, fs.ErrNotExist) {
		if dangling, ok := direct(link, target); ok && t.move(n, dangling) {
			return nil, target, fs.ErrNotExist
		}
	}
	if err != nil && isLoop(err) {
		return nil, target, syscall.ELOOP
	}
	if err != nil || !t.move(n, real) {
		return nil, target, errOutside
	}
	// The path is only a name: whatever has taken its place, it is opened below its root.
	err = t.inRoot(n, func(root *os.Root, source string) error {
		info, err = root.Stat(source)
		return err
	})
	return info, target, err
}

// move makes a path, without links, the node's source, if it is below a root that the node's link may
// lead into: a link root or, out of one, the fleet's folder.
func (t *Tree) move(n *node, real string) bool {
	roots := t.LinkRoots
	if n.from != nil && n.from.linkRoot != "" {
		roots = append([]string{""}, roots...)
	}
	for _, root := range roots {
		base, err := filepath.EvalSymlinks(t.rootName(root))
		if err != nil {
			continue
		}
		if rel, err := filepath.Rel(base, real); err == nil && filepath.IsLocal(rel) {
			n.from = &origin{source: filepath.ToSlash(rel), linkRoot: root}
			return true
		}
	}
	return false
}

// rootName is the path of a link root or, for the empty one, of the fleet's folder.
func (t *Tree) rootName(linkRoot string) string {
	if linkRoot == "" {
		return t.root.Name()
	}
	return linkRoot
}

// direct is where a link leads that has no other links on its way.
func direct(link, target string) (string, bool) {
	if filepath.IsAbs(target) {
		return filepath.Clean(target), true
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(link))
	return filepath.Join(dir, target), err == nil
}

// isLoop tells an error of filepath.EvalSymlinks, which gives up on a loop with an error without a type.
func isLoop(err error) bool {
	var path *fs.PathError
	return !errors.As(err, &path) && !errors.Is(err, syscall.ENOTDIR)
}

// outsideHint is the way out for a link that leads out of the fleet's folder.
const outsideHint = "copy the file, list the link in " + IgnoreFile + ", or allow its folder in " + linkRootsKey
