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
	"path/filepath"
	"slices"
	"syscall"
	"unicode/utf8"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/slipway-build/slipway/fleet/updating"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/recipe"
)

// IgnoreFile is the name of the list of files to leave out (Docker's
// .dockerignore syntax).
const IgnoreFile = ".dockerignore"

// maxFiles bounds the entries of one context: a link to a whole disk is a
// mistake, not a build context.
const maxFiles = 1_000_000

const maxIgnoreFile = 1 << 20

// Tree is a listed context. It implements fs.FS, fs.ReadDirFS, fs.StatFS and
// fs.ReadLinkFS. Contents are read when they are opened.
type Tree struct {
	root  *os.Root
	dir   string // slash path of the folder below root
	shown string // the folder as messages have it
	top   *node  // the folder itself
	count int
	links bool // symbolic links stay what they are
	// ignoreFile is the list of files to leave out, a path in the folder; ownIgnored tells whether it
	// leaves out OwnFile.
	ignoreFile string
	ownIgnored bool
	own        *node // OwnFile, if there is one
	Options
}

// Options are of the folder, beside what is in it.
type Options struct {
	// LinkRoots are folders, absolute paths, into which links may lead, too.
	LinkRoots []string
	// Modes, if not nil, says which modes files have; else they have those that they have.
	Modes Modes
}

// Modes say which mode a build sees of a file.
type Modes interface {
	// Mode is given the slash path below the root that a tree is of, or the absolute path of what a link
	// led to, without links, and the mode as it stands. Tracked tells whether the file's mode is kept by something else than the file system.
	Mode(path string, m fs.FileMode) (seen fs.FileMode, tracked bool)
}

// node is a file or folder. A context may have a million of them, which live as long as its build: what
// few of them have is not in here.
type node struct {
	path     string  // slash path in the tree; the root's is "."
	from     *origin // nil where it stands at its path in the image's folder
	meta     meta
	kept     fs.FileMode // that a build sees
	tracked  bool        // its mode is kept by something else than the file system
	hidden   bool        // no build sees it
	text     string      // what a symbolic link holds; of OwnFile, all
	children []*node     // sorted by name
}

// origin is where a file is to be found.
type origin struct {
	source   string // slash path below root
	linkRoot string // that source is below instead; see Options
	real     string // absolute path without links, for what a link led to; empty where nobody asked for it
}

func (t *Tree) origin(n *node) origin {
	switch {
	case n.from != nil:
		return *n.from
	case n.path == ".":
		return origin{source: t.dir}
	}
	return origin{source: below(t.dir, n.path)}
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
func Open(root *os.Root, dir, shown string, o Options) (*Tree, error) {
	return open(&Tree{root: root, dir: path.Clean(dir), shown: shown, ignoreFile: IgnoreFile, Options: o})
}

// OpenWithLinks lists the folder as Docker sends it: symbolic links stay links, wherever they lead,
// and none is followed. The Dockerfile, a path in the folder, chooses the list of files to leave out,
// see IgnoreFileOf. All of that list is obeyed, also where it names itself.
func OpenWithLinks(root *os.Root, dir, shown, dockerfile string, o Options) (*Tree, error) {
	dir = path.Clean(dir)
	return open(&Tree{
		root: root, dir: dir, shown: shown, links: true, ignoreFile: IgnoreFileOf(root, dir, dockerfile), Options: o,
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
		return nil, problem.Problem{Path: shown, Text: "cannot read image folder", Err: pathCause(err)}
	}
	defer here.close()
	own, err := here.lstat(".")
	if err != nil {
		return nil, problem.Problem{Path: shown, Text: "cannot read image folder", Err: err}
	}
	top := &node{path: ".", meta: own, kept: own.mode}
	t.top = top
	matcher, err := t.ignore(here)
	if err != nil {
		return nil, err
	}
	if t.ownIgnored, err = matcher.MatchesOrParentMatches(OwnFile); err != nil {
		return nil, badPatterns(path.Join(shown, t.ignoreFile), err)
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
		return nil, badPatterns(name, err)
	}
	defer f.Close()
	limited := &io.LimitedReader{R: f, N: maxIgnoreFile + 1}
	patterns, err := ignorefile.ReadAll(limited)
	if err == nil && limited.N == 0 {
		err = fmt.Errorf("it has more than %d bytes", maxIgnoreFile)
	}
	if err == nil {
		if err = recipe.CheckPatterns(patterns); err != nil {
			err = problem.With(err, "the name of a folder leaves out all that is in it")
		}
	}
	if err != nil {
		return nil, badPatterns(name, err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, badPatterns(name, err)
	}
	return matcher, nil
}

// badPatterns is the error of a list of files to leave out.
func badPatterns(name string, cause error) error {
	return problem.Problem{Kind: KindPatterns, Path: name, Text: "cannot read patterns", Err: cause}
}

// KindPatterns is the kind of problems with the list of files to leave out.
const KindPatterns problem.Kind = "dockerignore-syntax"

type walker struct {
	tree    *Tree
	matcher *patternmatcher.PatternMatcher
	errs    []error
}

func (w *walker) fail(rel string, cause error) {
	w.errs = append(w.errs, problem.Problem{Path: path.Join(w.tree.shown, rel), Text: "cannot add to the build context", Err: cause})
}

// dir lists one folder. Ancestors are the folders above it, to find links that contain themselves.
func (w *walker) dir(here folder, n *node, rel string, parent patternmatcher.MatchInfo, ancestors []meta) {
	names, err := here.names()
	if err != nil {
		w.fail(rel, pathCause(err))
		return
	}
	slices.Sort(names)
	n.children = make([]*node, 0, len(names))
	for _, name := range names {
		if updating.Own(name) { // an update goes on, or was killed
			continue
		}
		if !utf8.ValidString(name) {
			w.fail(rel, fmt.Errorf("the name %q in it is not UTF-8, which BuildKit asks for", name))
			continue
		}
		if w.tree.count++; w.tree.count > maxFiles {
			if w.tree.count == maxFiles+1 {
				w.fail(rel, fmt.Errorf("more than %d files", maxFiles))
			}
			return
		}
		w.entry(here, n, below(rel, name), parent, ancestors)
	}
}

func (w *walker) entry(here folder, parent *node, rel string, above patternmatcher.MatchInfo, ancestors []meta) {
	ignored, match, err := w.matcher.MatchesUsingParentResults(rel, above)
	if err != nil {
		w.fail(rel, err)
		return
	}
	hidden := false
	if rel == IgnoreFile && !w.tree.links {
		ignored, hidden = false, ignored // older Slipways counted it
	}
	child := &node{path: rel}
	if from := parent.from; from != nil {
		child.from = &origin{source: below(from.source, child.Name()), linkRoot: from.linkRoot}
	}
	linked, ok := w.stat(here, child, rel, ignored)
	meta := child.meta
	if !ok || (ignored && !meta.mode.IsDir()) {
		return
	}
	child.kept, child.hidden = meta.mode, hidden
	if w.tree.Modes != nil {
		w.mode(parent, child, linked)
	}
	switch {
	case meta.mode.IsDir():
		// An ignored folder is only entered for exceptions ("!dir/keep").
		if ignored && !w.matcher.Exclusions() {
			return
		}
		if slices.ContainsFunc(ancestors, meta.sameFile) {
			w.fail(rel, errors.New("the link contains itself"))
			return
		}
		var sub folder
		if linked {
			sub, err = w.tree.openDir(child)
		} else {
			sub, err = here.open(child.Name())
		}
		if err != nil {
			w.fail(rel, pathCause(err))
			return
		}
		w.dir(sub, child, rel, match, append(slices.Clip(ancestors), meta))
		sub.close()
		if ignored && len(child.children) == 0 {
			return
		}
	case meta.mode&fs.ModeSymlink != 0: // only where links are kept
		if child.text, err = w.tree.root.Readlink(w.tree.origin(child).source); err != nil {
			w.fail(rel, pathCause(err))
			return
		}
	case !meta.mode.IsRegular():
		w.fail(rel, fmt.Errorf("it is a %s", kind(meta.mode)))
		return
	}
	parent.children = append(parent.children, child)
}

// mode finds out which mode a build sees of what a node stands for.
func (w *walker) mode(parent, n *node, linked bool) {
	from := w.tree.origin(n)
	name := from.source
	switch {
	case linked:
		real, err := filepath.EvalSymlinks(filepath.Join(w.tree.rootName(from.linkRoot), filepath.FromSlash(from.source)))
		if err != nil {
			return // it was there a moment ago; its mode is as it stands
		}
		from.real = filepath.ToSlash(real)
	case parent.from != nil && parent.from.real != "":
		from.real = parent.from.real + "/" + n.Name()
	}
	if from.real != "" {
		name, n.from = from.real, &from
	}
	n.kept, n.tracked = w.tree.Modes.Mode(name, n.meta.mode)
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
	if n.meta, err = here.lstat(n.Name()); err != nil {
		w.fail(rel, err)
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
		w.fail(rel, fmt.Errorf("it is a link to %s, which does not exist", target))
	case errors.Is(err, syscall.ELOOP):
		w.fail(rel, fmt.Errorf("it is a link to %s, which leads back to it", target))
	default:
		w.fail(rel, problem.With(fmt.Errorf("it is a link to %s, which is outside of the fleet's folder", target), outsideHint))
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
