package template

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/slipway-build/slipway/jinja"
)

// maxSource bounds the size of one template file in bytes.
const maxSource = 4 << 20

var errPrivate = errors.New("it is part of the configuration or a secret, and may hold passwords")

var errNotRegular = errors.New("not a regular file")

var _ jinja.Loader = (*folders)(nil)

// folders loads the templates of one render: from the image's own folder, then
// from the shared ones. Symbolic links that lead out of a folder are refused by
// os.Root.
type folders struct {
	dirs  []string // with slashes; the image's own is the first
	fleet string   // where links of the image's own folder may lead; may be empty
	roots []*os.Root

	private []os.FileInfo // what must not be read

	found map[string]place // by the name that templates use
	files []string         // paths of what was read, in order
}

type place struct {
	path   string
	shared bool
}

func openFolders(own, fleet string, shared []string) (*folders, error) {
	root, err := os.OpenRoot(own)
	if err != nil {
		return nil, err
	}
	f := &folders{fleet: fleet, dirs: make([]string, 0, 1+len(shared)), roots: []*os.Root{root}, found: map[string]place{}}
	for _, dir := range append([]string{own}, shared...) {
		f.dirs = append(f.dirs, filepath.ToSlash(dir))
	}
	return f, nil
}

func (f *folders) close() {
	for _, root := range f.roots {
		_ = root.Close() // opened for reading only
	}
}

// root opens the shared folders only when the ones before them lack a template,
// which most never do.
func (f *folders) root(i int) (*os.Root, error) {
	for len(f.roots) <= i {
		dir := f.dirs[len(f.roots)]
		root, err := os.OpenRoot(filepath.FromSlash(dir))
		if err != nil {
			return nil, fmt.Errorf("cannot open the folder %s of template_paths: %s", dir, reason(err))
		}
		f.roots = append(f.roots, root)
	}
	return f.roots[i], nil
}

// where says which file a template's name stood for.
func (f *folders) where(name string) (path string, shared bool) {
	if p, ok := f.found[name]; ok {
		return p.path, p.shared
	}
	return slashPath(f.dirs[0], name), false
}

// Load reads one template. The first one is the image's: it is never shared.
func (f *folders) Load(name string) (string, error) {
	file, err := fileOf(name)
	if err != nil {
		return "", err
	}
	dirs := f.dirs
	if len(f.found) == 0 {
		dirs = dirs[:1]
	}
	missing := error(fs.ErrNotExist)
	for i, dir := range dirs {
		root, err := f.root(i)
		if err != nil {
			return "", err
		}
		text, err := f.readFile(root, file)
		if err != nil && i == 0 && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotRegular) {
			if linked, e := f.readLinked(file); e == nil {
				text, err = linked, nil
			}
		}
		switch {
		case err == nil:
			f.add(name, place{path.Join(dir, name), i > 0})
			return text, nil
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, errNotRegular), errors.Is(err, syscall.ENOTDIR):
			missing = cause(err) // of more use than "not found", if the next folders lack it too
		default:
			return "", cause(err)
		}
	}
	return "", missing
}

// fileOf is the file that a template's name stands for, below a folder. As in Jinja2's own loader
// empty parts and "." count for nothing, so "/a.j2" is "a.j2", and ".." is refused wherever it is.
func fileOf(name string) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			return "", fmt.Errorf("names of templates may not contain ..: %w", fs.ErrPermission)
		default:
			parts = append(parts, part)
		}
	}
	file := filepath.Join(append([]string{"."}, parts...)...)
	if !filepath.IsLocal(file) {
		return "", fmt.Errorf("the name leads out of the image's folder: %w", fs.ErrPermission)
	}
	return file, nil
}

func (f *folders) add(name string, p place) {
	f.found[name] = p
	if !slices.Contains(f.files, p.path) {
		f.files = append(f.files, p.path)
	}
}

// readLinked reads what a link in the image's folder leads to, if that is in
// the fleet: fleets share templates that way.
func (f *folders) readLinked(file string) (string, error) {
	if f.fleet == "" {
		return "", fs.ErrPermission
	}
	fleet, err := filepath.EvalSymlinks(f.fleet)
	if err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(filepath.Join(filepath.FromSlash(f.dirs[0]), file))
	if err != nil {
		return "", err
	}
	if target, err = filepath.Abs(target); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(fleet, target)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fs.ErrPermission
	}
	// Through os.Root again: a link may have been turned outwards meanwhile.
	root, err := os.OpenRoot(fleet)
	if err != nil {
		return "", err
	}
	defer root.Close()
	return f.readFile(root, rel)
}

func (f *folders) readFile(root *os.Root, file string) (string, error) {
	info, err := root.Stat(file)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(f.private, func(p os.FileInfo) bool { return os.SameFile(p, info) }) {
		return "", errPrivate
	}
	if !info.Mode().IsRegular() {
		return "", errNotRegular
	}
	if info.Size() > maxSource {
		return "", fmt.Errorf("file is larger than %d bytes", maxSource)
	}
	r, err := root.Open(file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxSource+1))
	if err != nil {
		return "", err
	}
	return string(data), nil
}

// cause drops the operation and path from a file error; the caller names both.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func reason(err error) string { return cause(err).Error() }
