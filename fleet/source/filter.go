package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/problem"
)

// A filter (gitattributes(5)) makes a file of what the commit has of it. git leaves files as they are,
// without a word, if its configuration does not have the filter: pointers in the place of files.

// lfs is the filter of git-lfs.
const lfs = "lfs"

const attributesFile = ".gitattributes"

// unfiltered is a file that its filter has not made.
type unfiltered struct {
	Path   string `json:"path"`
	Filter string `json:"filter"`
}

// pointerAt tells whether a file below a folder is a pointer. No link is followed.
func pointerAt(root *os.Root, name string) bool {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || !buildcontext.MayBePointer(info.Size()) {
		return false
	}
	data, err := root.ReadFile(name)
	return err == nil && buildcontext.IsPointer(data)
}

// withoutFilters keeps a repository's filters from being run.
func withoutFilters(repository string) error {
	dir := filepath.Join(repository, "info")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "attributes"), []byte("* -filter\n"), 0o644) // before all others
}

// findUnfiltered notes which files of a repository, checked out at a path, their filters have not made.
func (f *fetcher) findUnfiltered(ctx context.Context, o object, tree, at string) error {
	named, err := f.filtersOf(ctx, o)
	if err != nil || len(named) == 0 {
		return err
	}
	known, err := f.r.filters(ctx, f.temp, f.doing)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(filepath.Join(tree, filepath.FromSlash(at)))
	if err != nil {
		return err
	}
	defer root.Close()
	for _, u := range named {
		raw := known[u.Filter] == ""
		if u.Filter == lfs {
			if raw = pointerAt(root, u.Path); raw && known[lfs] != "" && !f.r.skipsLFS() {
				f.again = true // it failed, and git went on
			}
		}
		if raw {
			f.unfiltered = append(f.unfiltered, unfiltered{below(at, u.Path), u.Filter})
		}
	}
	return nil
}

// filtersOf lists the files of a commit that a filter is named for.
func (f *fetcher) filtersOf(ctx context.Context, o object) ([]unfiltered, error) {
	names, err := os.CreateTemp(f.temp, "names-")
	if err != nil {
		return nil, fmt.Errorf("cannot make the checkout: %w", err)
	}
	defer os.Remove(names.Name())
	defer names.Close()
	err = f.r.git(ctx, command{doing: o.doing, dir: f.temp, stdout: names,
		args: []string{"--git-dir=" + o.dir, "ls-tree", "-r", "-z", "--name-only", "--full-tree", o.commit}})
	if err != nil {
		return nil, err
	}
	if _, err := names.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("cannot make the checkout: %w", err)
	}
	var found []unfiltered
	var record []string // path, "filter", value
	out := &records{end: 0, each: func(part []byte) error {
		if record = append(record, string(part)); len(record) == 3 {
			switch record[2] {
			case "unspecified", "unset", "set", "":
			default:
				found = append(found, unfiltered{record[0], record[2]})
			}
			record = record[:0]
		}
		return nil
	}}
	err = f.r.git(ctx, command{doing: o.doing, dir: f.temp, stdin: names, stdout: out,
		args: []string{"--git-dir=" + o.dir, "check-attr", "--cached", "-z", "--stdin", "filter"}})
	return found, err
}

// filters are those that git's configuration has, with their settings.
func (r *Repositories) filters(ctx context.Context, dir, doing string) (map[string]string, error) {
	known := map[string]string{}
	out := &records{end: 0, each: func(part []byte) error {
		key, value, _ := strings.Cut(string(part), "\n")
		rest, ok := strings.CutPrefix(key, "filter.")
		i := strings.LastIndexByte(rest, '.')
		if ok && i > 0 && (rest[i+1:] == "smudge" || rest[i+1:] == "process") {
			known[rest[:i]] += rest[i+1:] + "=" + value + "\n"
		}
		return nil
	}}
	err := r.git(ctx, command{doing: doing, dir: dir, stdout: out, args: []string{"config", "-z", "--list"}})
	return known, err
}

// skipsLFS tells that git-lfs is told to leave its pointers.
func (r *Repositories) skipsLFS() bool {
	v, _ := lookup(r.Env, "GIT_LFS_SKIP_SMUDGE")
	return v != "" && v != "0" && v != "false"
}

// filterState is what decides whether another checkout would have files that were not filtered.
func (r *Repositories) filterState(ctx context.Context, dir, doing string, files []unfiltered) (string, error) {
	known, err := r.filters(ctx, dir, doing)
	if err != nil {
		return "", err
	}
	state, done := fmt.Sprintf("skip=%t\n", r.skipsLFS()), map[string]bool{}
	for _, u := range files {
		if !done[u.Filter] {
			state += u.Filter + ": " + known[u.Filter]
			done[u.Filter] = true
		}
	}
	return state, nil
}

// oldPointers finds the pointers of git-lfs in a checkout that an older Slipway made, which noted none.
func oldPointers(tree string) ([]unfiltered, error) {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var small []string
	uses := false
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if path.Base(name) == attributesFile && !uses && info.Size() < maxModulesFile {
			data, err := root.ReadFile(name)
			uses = err == nil && bytes.Contains(data, []byte("filter="+lfs))
		}
		if buildcontext.MayBePointer(info.Size()) {
			small = append(small, name)
		}
		return nil
	})
	if err != nil || !uses {
		return nil, err
	}
	var found []unfiltered
	for _, name := range small {
		if pointerAt(root, name) {
			found = append(found, unfiltered{name, lfs})
		}
	}
	return found, nil
}

// unfilteredError names files that are not what they stand for, and the cure.
func unfilteredError(doing string, files []unfiltered) *failure {
	filter, names := files[0].Filter, []string(nil)
	for _, u := range files {
		if u.Filter == filter {
			names = append(names, u.Path)
		}
	}
	what := clean(names[0])
	if len(names) == 2 {
		what += " and " + clean(names[1])
	} else if len(names) > 2 {
		what = fmt.Sprintf("%s, %s and %d more", what, clean(names[1]), len(names)-2)
	}
	if filter == lfs {
		return &failure{Problem: problem.Problem{Text: doing, Err: fmt.Errorf("git-lfs's pointers are in the place of %s: git has no filter %s here, or was told to skip it", what, lfs),
			Hint: "`apt-get install git-lfs` and `git lfs install --skip-repo` for the user who runs this; \"filters: false\" in the entry takes the pointers"}}
	}
	return &failure{Problem: problem.Problem{Text: doing, Err: errors.New("the filter " + clean(filter) + ", which git does not have here, has not made " + what),
		Hint: "give git its filter." + clean(filter) + ".smudge, see gitattributes(5); \"filters: false\" in the entry takes the files as the repository has them"}}
}
