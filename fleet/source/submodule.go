package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

const (
	modulesFile = ".gitmodules"
	// maxModulesFile bounds it in bytes, for it is read into memory.
	maxModulesFile = 1 << 20
	// maxDepth bounds submodules of submodules, maxModules all of them.
	maxDepth   = 10
	maxModules = 1000
)

// module is a section of .gitmodules (gitmodules(5)).
type module struct{ path, url, update string }

// submodules fetches those of one repository at the commits it records. Git's
// own way is not used: it keeps repositories inside of the tree, and names and
// links in the tree have led it astray.
func (f *fetcher) submodules(ctx context.Context, parent Git, o object, l listing, tree, at string, depth int) error {
	if len(l.modules) == 0 {
		return nil
	}
	fail := func(name string, err error) error {
		return &failure{Problem: problem.Problem{Text: f.doing + cannotFetchModule + clean(name), Err: err}}
	}
	modules, err := f.modules(ctx, o, l)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(l.modules)) {
		here := below(at, name)
		if f.submodulesSeen == nil {
			f.submodulesSeen = map[string]bool{}
		}
		f.submodulesSeen[here] = true
		m, ok := modules[name]
		switch {
		case !f.wish.wants(here), ok && m.url != "" && m.update == "none": // as git does
			continue
		case f.repos > maxModules:
			return fail(here, &limitError{fmt.Sprintf("there are more than %d submodules", maxModules)})
		}
		var err error
		switch {
		case !ok || m.url == "":
			err = fail(here, errors.New(modulesFile+" does not say where it is"))
		case depth >= maxDepth:
			err = fail(here, fmt.Errorf("it is nested more than %d deep", maxDepth))
		default:
			err = f.submodule(ctx, parent, m, l.modules[name], tree, here, depth)
		}
		if err := f.forgive(ctx, tree, here, err); err != nil {
			return err
		}
	}
	return nil
}

// submodule fetches one at a commit.
func (f *fetcher) submodule(ctx context.Context, parent Git, m module, commit, tree, here string, depth int) error {
	g, err := submodule(parent, m.url)
	if err == nil {
		err = emptyFolder(tree, here)
	}
	if err != nil {
		return &failure{Problem: problem.Problem{Text: f.doing + cannotFetchModule + clean(here), Err: err}}
	}
	if _, err = f.populate(ctx, g, commit, tree, here, depth+1); err == nil {
		return nil
	}
	if clearing := f.clear(tree, here); clearing != nil {
		return clearing
	}
	return err
}

// clear drops what there is of a submodule, which left a folder that was empty.
func (f *fetcher) clear(tree, here string) error {
	f.unfiltered = slices.DeleteFunc(f.unfiltered, func(u unfiltered) bool { return inside(u.Path, here) })
	f.missing = slices.DeleteFunc(f.missing, func(m missing) bool { return inside(m.Path, here) })
	root, err := os.OpenRoot(tree)
	if err == nil {
		defer root.Close()
		err = root.RemoveAll(filepath.FromSlash(here))
	}
	if err == nil {
		err = root.Mkdir(filepath.FromSlash(here), 0o755)
	}
	if err != nil {
		return fmt.Errorf("cannot make the checkout: %w", err)
	}
	return nil
}

// missing is a submodule that could not be had.
type missing struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// forgive notes a submodule that could not be had, unless its files count: then that is the error, and one
// of ErrLacking. What is too large is an error in any case.
func (f *fetcher) forgive(ctx context.Context, tree, here string, err error) error {
	var large *limitError
	if err == nil || ctx.Err() != nil || errors.As(err, &large) {
		return err
	}
	if f.wish.counts(tree)(here, true) {
		return lackingError{err}
	}
	f.missing = append(f.missing, missing{here, err.Error()})
	f.progress("the submodule " + clean(here) + " is left empty: " + clean(err.Error()))
	return nil
}

// checkWish looks whether each submodule that was asked for by its path exists.
func (f *fetcher) checkWish() error {
	for _, p := range f.wish.Submodules {
		if f.submodulesSeen[p] || slices.ContainsFunc(f.missing, func(m missing) bool { return inside(p, m.Path) }) {
			continue
		}
		e := &failure{Problem: problem.Problem{Text: f.doing, Err: fmt.Errorf("the repository has no submodule %s at this commit", clean(p))}}
		if len(f.submodulesSeen) > 0 {
			e.Hint = "its submodules: " + strings.Join(slices.Sorted(maps.Keys(f.submodulesSeen)), ", ")
		}
		return e
	}
	return nil
}

// modules reads .gitmodules of the commit, by path.
func (f *fetcher) modules(ctx context.Context, o object, l listing) (map[string]module, error) {
	byPath := map[string]module{}
	if !l.config {
		return byPath, nil
	}
	byName := map[string]module{}
	out := &records{end: 0, each: func(line []byte) error {
		key, value, _ := strings.Cut(string(line), "\n")
		key, ok := strings.CutPrefix(key, "submodule.")
		i := strings.LastIndexByte(key, '.')
		if !ok || i < 0 {
			return nil
		}
		m := byName[key[:i]]
		switch key[i+1:] {
		case "path":
			m.path = value
		case "url":
			m.url = value
		case "update":
			m.update = value
		}
		byName[key[:i]] = m
		return nil
	}}
	err := f.r.git(ctx, command{doing: o.doing, dir: f.temp, stdout: out,
		args: []string{"--git-dir=" + o.dir, "config", "-z", "--no-includes", "--blob", o.commit + ":" + modulesFile, "--list"}})
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		m := byName[name]
		byPath[strings.TrimSuffix(m.path, "/")] = m
	}
	return byPath, err
}

// submodule is the repository of a submodule's URL, which may be relative to
// its parent's. Nothing on this machine's disk is reached: the parent may come
// from anywhere, and would choose which of the user's files enter an image.
func submodule(parent Git, address string) (Git, error) {
	if strings.HasPrefix(address, "./") || strings.HasPrefix(address, "../") {
		var err error
		if address, err = relative(parent.URL, address); err != nil {
			return Git{}, err
		}
	}
	if err := checkText(address); err != nil {
		return Git{}, err
	}
	g, ok, err := parseGit(address)
	switch {
	case err != nil:
		return Git{}, fmt.Errorf("its address %q: %w", displayUnparsed(address), err)
	case !ok || strings.HasPrefix(g.URL, "file:"):
		return Git{}, problem.With(fmt.Errorf("its address %q is on this machine's disk, which submodules may not be", clean(displayUnparsed(address))), "use the folder of a clone that has its submodules")
	case g.Ref != "" || g.Subdir != "":
		return Git{}, fmt.Errorf("its address %q has a branch or folder", clean(displayUnparsed(address)))
	}
	return g, nil
}

// relative follows ./ and ../ in the path of a URL, and no further.
func relative(parent, address string) (string, error) {
	start := strings.IndexByte(parent, ':') + 1 // user@host:path
	if i := strings.Index(parent, "://"); i >= 0 {
		slash := strings.IndexByte(parent[i+3:], '/')
		start = i + 3 + max(slash, 0)
	}
	host, dir := parent[:start], strings.TrimRight(parent[start:], "/")
	for {
		if rest, ok := strings.CutPrefix(address, "./"); ok {
			address = rest
			continue
		}
		rest, ok := strings.CutPrefix(address, "../")
		if !ok {
			break
		}
		if strings.Trim(dir, "/") == "" {
			return "", fmt.Errorf("its relative address leads out of %s", display(host))
		}
		address = rest
		dir = dir[:max(strings.LastIndexByte(dir, '/'), 0)]
	}
	if dir == "" && !strings.Contains(host, "://") {
		return host + address, nil
	}
	return host + dir + "/" + address, nil
}

// emptyFolder makes sure that no part of a submodule's path is a link, and that
// nothing is in the folder: a tree may also hold files under a submodule's name,
// which would be mixed with the submodule's own.
func emptyFolder(tree, name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return errors.New("its path leads out of the repository")
	}
	root, err := os.OpenRoot(tree)
	if err != nil {
		return err
	}
	defer root.Close()
	parts := strings.Split(name, "/")
	for i := range parts {
		info, err := root.Lstat(filepath.Join(parts[:i+1]...))
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return errors.New("its path is not a folder of the repository")
		}
	}
	dir, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer dir.Close()
	switch names, err := dir.Readdirnames(1); {
	case len(names) > 0:
		return fmt.Errorf("the repository has files of its own there, such as %s", clean(path.Join(name, names[0])))
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}
