// Package buildcontext lists the files of an image's folder that a build may
// see: .dockerignore obeyed, symbolic links replaced by what they lead to, and
// nothing from outside the fleet's folder.
package buildcontext

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// IgnoreFile is the name of the list of files to leave out (Docker's
// .dockerignore syntax).
const IgnoreFile = ".dockerignore"

// MaxFiles bounds the entries of one context: a link to a whole disk is a
// mistake, not a build context.
const MaxFiles = 1_000_000

const maxIgnoreFile = 1 << 20

// Tree is a listed context. It implements fs.FS, fs.ReadDirFS, fs.StatFS and
// fs.ReadLinkFS. Contents are read when they are opened.
type Tree struct {
	root  *os.Root
	dir   string // slash path of the folder below root
	shown string // the folder as messages have it
	nodes map[string]*node
	count int
	links bool // symbolic links stay what they are
	// ignoreFile is the list of files to leave out, a path in the folder.
	ignoreFile string
	linkRoots  []string // see OpenLinking
}

type node struct {
	name     string
	source   string // slash path below root
	linkRoot string // that source is below instead; see OpenLinking
	meta     meta
	children []*node // sorted by name
}

// meta is what stat(2) says of a file. Times are nanoseconds since 1970; a program can set mtime back,
// but not ctime. Inode and device are zero where they are not known.
type meta struct {
	mode          fs.FileMode
	size          int64
	mtime, ctime  int64
	inode, device uint64
}

func (m meta) sameFile(o meta) bool {
	return m.inode != 0 && m.inode == o.inode && m.device == o.device
}

// Open lists the folder dir, a slash path below root. Links are followed as
// docker-pkg's copy of the folder follows them, but one that is absolute, leads
// out of root, leads nowhere or contains itself is an error, as is a device,
// pipe or socket. All such errors are collected; they call the folder shown.
// The tree reads from root until the caller closes it.
func Open(root *os.Root, dir, shown string) (*Tree, error) {
	return open(&Tree{root: root, dir: path.Clean(dir), shown: shown, nodes: map[string]*node{}, ignoreFile: IgnoreFile})
}

// OpenWithLinks lists the folder as Docker sends it: symbolic links stay links, wherever they lead,
// and none is followed. The Dockerfile, a path in the folder, chooses the list of files to leave out,
// see IgnoreFileOf. All of that list is obeyed, also where it names itself.
func OpenWithLinks(root *os.Root, dir, shown, dockerfile string) (*Tree, error) {
	dir = path.Clean(dir)
	return open(&Tree{
		root: root, dir: dir, shown: shown, nodes: map[string]*node{}, links: true, ignoreFile: IgnoreFileOf(root, dir, dockerfile),
	})
}

// IgnoreFileOf is the list of files that a build with this Dockerfile leaves out of the context, a path
// in the folder dir: the one with the Dockerfile's own name before it and beside it, if there is one,
// else IgnoreFile, which need not exist. That is BuildKit's rule.
func IgnoreFileOf(root *os.Root, dir, dockerfile string) string {
	own := path.Clean(dockerfile) + IgnoreFile
	if _, err := root.Lstat(path.Join(dir, own)); err == nil {
		return own
	}
	return IgnoreFile
}

// Close closes the root that the tree was opened with.
func (t *Tree) Close() error { return t.root.Close() }

func open(t *Tree) (*Tree, error) {
	root, shown := t.root, t.shown
	here, err := openFolder(root, t.dir)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read image folder: %w", shown, pathCause(err))
	}
	defer here.close()
	own, err := here.lstat(".")
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read image folder: %w", shown, err)
	}
	top := &node{name: ".", source: t.dir, meta: own}
	t.nodes["."] = top
	matcher, err := t.ignore(here)
	if err != nil {
		return nil, err
	}
	w := walker{tree: t, matcher: matcher}
	w.dir(here, top, ".", patternmatcher.MatchInfo{}, []meta{top.meta})
	if len(w.errs) > 0 {
		return nil, errors.Join(w.errs...)
	}
	return t, nil
}

func (t *Tree) ignore(here folder) (*patternmatcher.PatternMatcher, error) {
	if _, err := here.lstat(t.ignoreFile); errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil) // most folders have none
	}
	f, err := t.openOwn(path.Join(t.dir, t.ignoreFile))
	if errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil)
	}
	name := path.Join(t.shown, t.ignoreFile)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read patterns: %w", name, err)
	}
	defer f.Close()
	limited := &io.LimitedReader{R: f, N: maxIgnoreFile + 1}
	patterns, err := ignorefile.ReadAll(limited)
	if err == nil && limited.N == 0 {
		err = fmt.Errorf("it has more than %d bytes", maxIgnoreFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read patterns: %w", name, err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read patterns: %w", name, err)
	}
	return matcher, nil
}

type walker struct {
	tree    *Tree
	matcher *patternmatcher.PatternMatcher
	errs    []error
}

func (w *walker) fail(rel, format string, args ...any) {
	shown := path.Join(w.tree.shown, rel)
	w.errs = append(w.errs, fmt.Errorf("%s: cannot add to the build context: "+format, append([]any{shown}, args...)...))
}

// dir lists one folder. Ancestors are the folders above it, to find links that contain themselves.
func (w *walker) dir(here folder, n *node, rel string, parent patternmatcher.MatchInfo, ancestors []meta) {
	names, err := here.names()
	if err != nil {
		w.fail(rel, "%w", pathCause(err))
		return
	}
	slices.Sort(names)
	for _, name := range names {
		if !utf8.ValidString(name) {
			w.fail(rel, "the name %q in it is not UTF-8, which BuildKit asks for", name)
			continue
		}
		if w.tree.count++; w.tree.count > MaxFiles {
			if w.tree.count == MaxFiles+1 {
				w.fail(rel, "more than %d files", MaxFiles)
			}
			return
		}
		w.entry(here, n, below(rel, name), name, parent, ancestors)
	}
}

func (w *walker) entry(here folder, parent *node, rel, name string, above patternmatcher.MatchInfo, ancestors []meta) {
	ignored, match, err := w.matcher.MatchesUsingParentResults(rel, above)
	if err != nil {
		w.fail(rel, "%w", err)
		return
	}
	if rel == IgnoreFile && !w.tree.links {
		ignored = false // BuildKit reads it itself
	}
	child := &node{name: name, source: below(parent.source, name), linkRoot: parent.linkRoot}
	linked, ok := w.stat(here, child, rel, ignored)
	meta := child.meta
	if !ok || (ignored && !meta.mode.IsDir()) {
		return
	}
	switch {
	case meta.mode.IsDir():
		// An ignored folder is only entered for exceptions ("!dir/keep").
		if ignored && !w.matcher.Exclusions() {
			return
		}
		if slices.ContainsFunc(ancestors, meta.sameFile) {
			w.fail(rel, "the link contains itself")
			return
		}
		var sub folder
		if linked {
			sub, err = w.tree.openDir(child)
		} else {
			sub, err = here.open(name)
		}
		if err != nil {
			w.fail(rel, "%w", pathCause(err))
			return
		}
		w.dir(sub, child, rel, match, append(slices.Clip(ancestors), meta))
		sub.close()
		if ignored && len(child.children) == 0 {
			return
		}
	case meta.mode&fs.ModeSymlink != 0: // only where links are kept
	case !meta.mode.IsRegular():
		w.fail(rel, "it is a %s", kind(meta.mode))
		return
	}
	parent.children = append(parent.children, child)
	w.tree.nodes[rel] = child
}

// below is path.Join for a clean folder and the name of an entry, which this is called for so often
// that it shows.
func below(dir, name string) string {
	if dir == "." || dir == "" {
		return name
	}
	return dir + "/" + name
}

// stat looks at what a node stands for. It follows links, within the roots only.
func (w *walker) stat(here folder, n *node, rel string, ignored bool) (linked, ok bool) {
	var err error
	if n.meta, err = here.lstat(n.name); err != nil {
		w.fail(rel, "%w", err)
		return false, false
	}
	if n.meta.mode&fs.ModeSymlink == 0 || w.tree.links {
		return false, true
	}
	info, target, err := w.tree.statLink(n)
	switch {
	case err == nil:
		n.meta = newMeta(info)
		return true, true
	case ignored:
	case errors.Is(err, fs.ErrNotExist):
		w.fail(rel, "it is a link to %s, which does not exist", target)
	case errors.Is(err, syscall.ELOOP):
		w.fail(rel, "it is a link to %s, which leads back to it", target)
	default:
		w.fail(rel, "it is a link to %s, which is outside of the fleet's folder\nhint: %s", target, outsideHint)
	}
	n.meta = meta{}
	return true, false
}

func kind(m fs.FileMode) string {
	switch {
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	}
	return "device"
}

// Open implements fs.FS.
func (t *Tree) Open(name string) (fs.File, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.IsDir() {
		return &openDir{node: n}, nil
	}
	file, err := t.openFile(n)
	if err != nil {
		return nil, err
	}
	return namedFile{file, n.name}, nil
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
	return t.root.Readlink(n.source)
}

// ReadDir implements fs.ReadDirFS; the entries are sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	return n.entries(), nil
}

func (t *Tree) find(op, name string) (*node, error) {
	n, ok := t.nodes[name]
	if !ok || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

func (n *node) entries() []fs.DirEntry {
	out := make([]fs.DirEntry, len(n.children))
	for i, c := range n.children {
		out[i] = fs.FileInfoToDirEntry(c)
	}
	return out
}

// A node is the file info of its source under the name it has in the tree.

func (n *node) Name() string       { return n.name }
func (n *node) Size() int64        { return n.meta.size }
func (n *node) Mode() fs.FileMode  { return n.meta.mode }
func (n *node) ModTime() time.Time { return time.Unix(0, n.meta.mtime) }
func (n *node) IsDir() bool        { return n.meta.mode.IsDir() }
func (n *node) Sys() any           { return nil }

// openDir is an open folder.
type openDir struct {
	node *node
	next int
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.node, nil }
func (d *openDir) Close() error               { return nil }
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.node.source, Err: errors.New("is a directory")}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	all := d.node.entries()[d.next:]
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
	for p := range t.nodes {
		if p != "." {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
