package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/fleet/updating"
)

// The files that make a folder an image definition; docker-pkg's names.
const (
	templateFile  = "Dockerfile.template"
	buildFile     = "Dockerfile.build.template"
	changelogFile = "changelog"
	controlFile   = "control"
)

// Sizes in bytes above which a file is refused. A changelog of thirty years is below 2 MiB.
const (
	maxTemplate  = 4 << 20
	maxControl   = 1 << 20
	maxChangelog = 16 << 20
)

// tree reads definitions below one folder and nothing outside it.
type tree struct {
	dir  string // as the user named it
	root string // absolute
	real string // absolute, without symbolic links

	exclude *exclusion // of a walk
}

func openTree(dir string) (*tree, error) {
	if dir == "" {
		dir = "."
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot scan %s: %w", dir, cause(err))
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("cannot scan %s: it is not a folder", dir)
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot scan %s: %w", dir, err)
	}
	t := &tree{dir: filepath.ToSlash(filepath.Clean(dir)), root: root}
	return t, t.findReal()
}

func (t *tree) findReal() (err error) {
	if t.real, err = filepath.EvalSymlinks(t.root); err != nil {
		return fmt.Errorf("cannot scan %s: %w", t.dir, cause(err))
	}
	return nil
}

// cause takes the operation and the path, which the message has already, off a system error.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	if e := (*os.LinkError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// show is a path below the root as messages have it.
func (t *tree) show(rel string) string { return path.Join(t.dir, rel) }

func (t *tree) abs(rel string) string { return filepath.Join(t.root, filepath.FromSlash(rel)) }

// folder is one folder of the tree and which of the definition's files it has.
type folder struct {
	rel                                 string
	template, build, changelog, control bool
}

// found is what a walk finds, in the order of names.
type found struct {
	images   []folder
	nameless []Problem // folders with a template and without a changelog, which define nothing
	warnings []Problem
	broken   []Problem
}

// walk visits every folder, those inside images too, as os.walk does for docker-pkg. It does not
// enter symbolic links or .git.
func (t *tree) walk(ctx context.Context) (found, error) {
	return t.visit(ctx, ".", make(chan struct{}, runtime.GOMAXPROCS(0)-1))
}

// visit visits a folder and what is below. A subfolder is visited by another goroutine while there is
// room in helpers; the result does not depend on that.
func (t *tree) visit(ctx context.Context, rel string, helpers chan struct{}) (found, error) {
	var out found
	if err := ctx.Err(); err != nil {
		return found{}, fmt.Errorf("cannot scan %s: %w", t.dir, context.Cause(ctx))
	}
	entries, err := os.ReadDir(t.abs(rel)) // which spares what os.Open does for files
	if err != nil {
		if rel == "." {
			return found{}, fmt.Errorf("cannot scan %s: %w", t.dir, cause(err))
		}
		out.warnings = append(out.warnings, newProblem(fault.UnreadableFile, t.show(rel), 0, "", "cannot read the folder: %v", cause(err)))
	}
	here := folder{rel: rel}
	var folders []string
	for _, entry := range entries {
		t.note(&here, entry, &out)
		if !entry.IsDir() || entry.Name() == ".git" || entry.Name() == updating.Folder {
			continue
		}
		if below := path.Join(rel, entry.Name()); !t.exclude.leavesOut(below) {
			folders = append(folders, below)
		}
	}
	switch {
	case here.template && here.changelog:
		out.images = append(out.images, here)
	case here.template:
		out.nameless = append(out.nameless, lacks(t.show(rel), templateFile, changelogFile, "write one, or list the folder in "+excludeKey))
	case here.changelog:
		out.warnings = append(out.warnings, lacks(t.show(rel), changelogFile, templateFile, ""))
	}
	err = t.visitAll(ctx, folders, &out, helpers)
	return out, err
}

func (t *tree) visitAll(ctx context.Context, folders []string, out *found, helpers chan struct{}) error {
	results, errs := make([]found, len(folders)), make([]error, len(folders))
	var group sync.WaitGroup
	for i, rel := range folders {
		visit := func() { results[i], errs[i] = t.visit(ctx, rel, helpers) }
		select {
		case helpers <- struct{}{}:
			group.Go(func() { visit(); <-helpers })
		default:
			visit()
		}
	}
	group.Wait()
	for i, r := range results {
		if errs[i] != nil {
			return errs[i]
		}
		out.images = append(out.images, r.images...)
		out.nameless = append(out.nameless, r.nameless...)
		out.warnings = append(out.warnings, r.warnings...)
		out.broken = append(out.broken, r.broken...)
	}
	return nil
}

func lacks(dir, has, lacks, hint string) Problem {
	return newProblem(fault.IncompleteFolder, dir, 0, hint, "ignoring the folder: it has a %s but no %s", has, lacks)
}

// note records an entry that is a file of a definition. Like os.walk it counts a symbolic link to a
// folder as a folder, and a link to nothing as a file.
func (t *tree) note(here *folder, entry fs.DirEntry, out *found) {
	if entry.IsDir() {
		return
	}
	if entry.Type()&fs.ModeSymlink != 0 {
		rel := path.Join(here.rel, entry.Name())
		if info, err := os.Stat(t.abs(rel)); err == nil && info.IsDir() {
			if !t.exclude.leavesOut(rel) {
				t.noteLinkedFolder(rel, out)
			}
			return
		}
	}
	switch entry.Name() {
	case templateFile:
		here.template = true
	case buildFile:
		here.build = true
	case changelogFile:
		here.changelog = true
	case controlFile:
		here.control = true
	}
}

// noteLinkedFolder refuses a link to a definition outside the root, aloud. One inside it is found at
// its own place, and other folders are nobody's business.
func (t *tree) noteLinkedFolder(rel string, out *found) {
	for _, name := range []string{templateFile, changelogFile} {
		if info, err := os.Stat(filepath.Join(t.abs(rel), name)); err != nil || info.IsDir() {
			return
		}
	}
	if _, err := t.resolve(rel); err != nil {
		out.broken = append(out.broken, newProblem(fault.OutsideFolder, t.show(rel), 0,
			"copy the definition into the fleet, or scan its own folder", "cannot use the image folder: %v", err))
	}
}

// resolve returns the file that rel, or a symbolic link there, leads to; it must be below the root.
func (t *tree) resolve(rel string) (string, error) {
	real, err := filepath.EvalSymlinks(t.abs(rel))
	if err != nil || !t.contains(real) {
		target, _ := os.Readlink(t.abs(rel))
		var path *fs.PathError
		switch {
		case err == nil:
			return "", fmt.Errorf("it is a symbolic link to %s, which leads out of %s", target, t.dir)
		case errors.As(err, &path):
			return "", fmt.Errorf("it is a symbolic link to %s: %w", target, path.Err)
		}
		return "", fmt.Errorf("it is a symbolic link to %s, which leads in a circle", target)
	}
	return real, nil
}

func (t *tree) contains(real string) bool {
	return real == t.real || strings.HasPrefix(real, strings.TrimSuffix(t.real, "/")+string(filepath.Separator))
}

// check looks at a file before it is opened: a regular file of at most limit bytes, reached through
// symbolic links only inside the root. It returns the file's real name and its size.
func (t *tree) check(rel string, limit int64) (name string, size int64, err error) {
	name = t.abs(rel)
	info, err := os.Lstat(name)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if name, err = t.resolve(rel); err != nil {
			return "", 0, err
		}
		info, err = os.Stat(name)
	}
	switch {
	case err != nil:
		return "", 0, cause(err)
	case !info.Mode().IsRegular(): // opening a pipe would wait for ever
		return "", 0, errors.New("it is not a regular file")
	case info.Size() > limit:
		return "", 0, tooLarge(limit)
	}
	return name, info.Size(), nil
}

func (t *tree) read(rel string, limit int64) ([]byte, error) {
	name, size, err := t.check(rel, limit)
	if err != nil {
		return nil, err
	}
	file, err := openFile(name)
	if err != nil {
		return nil, cause(err)
	}
	defer file.Close()
	data := make([]byte, 0, size+1)
	for { // the file may have grown since
		n, err := file.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, cause(err)
		case int64(len(data)) > limit:
			return nil, tooLarge(limit)
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// openFile is os.Open without the five system calls by which that finds out that a regular file cannot be
// waited for: a fleet has thousands.
func openFile(name string) (*os.File, error) {
	for {
		fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		switch {
		case err == nil:
			return os.NewFile(uintptr(fd), name), nil
		case !errors.Is(err, unix.EINTR):
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
}

func tooLarge(limit int64) error {
	return fmt.Errorf("it is larger than %d bytes, the most that is read", limit)
}
