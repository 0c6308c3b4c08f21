package gitindex

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

const (
	maxPointer = 64 << 10 // of a file that holds one path
	pointer    = "gitdir: "
)

// Checkout is a work tree of git's, and where git keeps what belongs to it.
type Checkout struct {
	top    string // absolute, without symbolic links
	gitDir string // where the index is; worktrees and submodules have one of their own
	config config
}

// Find looks for the checkout that holds the folder dir: the first folder from dir upwards that has a
// repository, as git does. It returns nil when there is none. Symbolic links in dir are followed first.
// A repository that is bare or damaged is an error.
func find(dir string) (*Checkout, error) {
	here, err := physical(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot look for a git checkout: %w", dir, cause(err))
	}
	for at := here; ; at = filepath.Dir(at) {
		gitDir, err := gitDirOf(at)
		switch {
		case err != nil:
			return nil, err
		case gitDir != "":
			return newCheckout(at, gitDir, here)
		case isBare(at):
			return nil, bareError(at)
		case at == filepath.Dir(at):
			return nil, nil
		}
	}
}

// Top is the checkout's top folder: an absolute path, without symbolic links.
func (c *Checkout) Top() string { return c.top }

// FileMode is git's setting core.fileMode: does the executable bit of a file in the work tree count, or, when
// it is false, the one in the index?
func (c *Checkout) FileMode() bool { return c.config.fileMode }

// Rel returns the path of a folder below Top as the methods of Index take it. Symbolic links in dir are
// followed. It is not ok when the folder is not there, or outside the checkout.
func (c *Checkout) Rel(dir string) (rel string, ok bool) {
	dir, err := physical(dir)
	if err != nil {
		return "", false
	}
	rel, err = filepath.Rel(c.top, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

func physical(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// newCheckout reads the configuration of the repository that was found in the folder at.
func newCheckout(at, gitDir, here string) (*Checkout, error) {
	common, err := commonDir(gitDir)
	if err != nil {
		return nil, err
	}
	c := &Checkout{top: at, gitDir: gitDir}
	if c.config, err = readConfig(common, gitDir, common != gitDir); err != nil {
		return nil, err
	}
	if c.config.bare {
		return nil, bareError(gitDir)
	}
	if c.config.worktree != "" {
		top := join(gitDir, c.config.worktree)
		if c.top, err = filepath.EvalSymlinks(top); err != nil {
			return nil, problem.With(fmt.Errorf("%s: cannot find the work tree that core.worktree names, %s: %w", filepath.Join(common, "config"), top, cause(err)), "correct or remove that setting")
		}
		if rel, err := filepath.Rel(c.top, here); err != nil || !filepath.IsLocal(rel) {
			return nil, nil // the repository's files are elsewhere
		}
	}
	return c, nil
}

// commonDir is the folder of the repository that a worktree was added to, gitDir itself for others.
func commonDir(gitDir string) (string, error) {
	name := filepath.Join(gitDir, "commondir")
	text, err := readPointer(name)
	if errors.Is(err, fs.ErrNotExist) {
		return gitDir, nil
	}
	dir := join(gitDir, text)
	ok := false
	if err == nil {
		ok, err = isRepository(dir)
	}
	if err == nil && !ok {
		err = fmt.Errorf("there is none in %s", dir)
	}
	if err != nil {
		return "", problem.With(fmt.Errorf("%s: cannot find the repository of this worktree: %w", name, err), "let it be seen here, too, or add the worktree anew")
	}
	return dir, nil
}

func bareError(dir string) error {
	return problem.Withf(fmt.Errorf("%s: cannot tell which files git tracks: this is a repository without work tree", dir), "use a clone of it, or, if it should have a work tree, run: git -C %s config core.bare false", word(dir))
}

// word is a path as one word of a command line.
func word(path string) string {
	plain := func(r rune) bool { return r > 0x7f || isNameByte(byte(r)) || strings.ContainsRune("/._+@%:,=", r) }
	if strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// gitDirOf returns the repository of a folder that is a checkout's top, "" for other folders.
func gitDirOf(at string) (string, error) {
	name := filepath.Join(at, ".git")
	info, err := os.Stat(name)
	switch {
	case err != nil: // also what cannot be looked at is none, as for git
		return "", nil
	case info.Mode().IsRegular():
		return followGitFile(name)
	case !info.IsDir():
		return "", nil
	}
	ok, err := isRepository(name)
	if err != nil {
		return "", problem.With(fmt.Errorf("%s: cannot read this git repository: %w", name, err), "make the folder readable for who runs Slipway")
	}
	if ok {
		return name, nil
	}
	for _, part := range []string{"index", "config", "objects"} {
		if _, err := os.Lstat(filepath.Join(name, part)); err == nil {
			return "", problem.With(fmt.Errorf("%s: cannot read this git repository: it has no HEAD", name), "clone it anew, or remove the folder if it is no repository")
		}
	}
	return "", nil // empty, for one: git goes on looking
}

// isRepository tells whether a folder is a repository: one that git can work with has a HEAD.
func isRepository(dir string) (bool, error) {
	_, err := os.Lstat(filepath.Join(dir, "HEAD"))
	if errors.Is(err, fs.ErrPermission) {
		return false, cause(err)
	}
	return err == nil, nil
}

// followGitFile reads the file that worktrees and submodules have in the place of the folder .git.
func followGitFile(name string) (string, error) {
	fail := func(err error) (string, error) {
		return "", problem.With(fmt.Errorf("%s: cannot find the repository of this checkout: %w", name, err), "a worktree or a submodule needs the repository that it was made from: let it be seen here, too, or make a clone")
	}
	text, err := readPointer(name)
	if err != nil {
		return fail(err)
	}
	target, ok := strings.CutPrefix(text, pointer)
	if !ok || target == "" {
		return fail(fmt.Errorf("it does not say %q and a folder", pointer))
	}
	dir := join(filepath.Dir(name), target)
	ok, err = isRepository(dir)
	if err == nil && !ok {
		err = fmt.Errorf("there is none in %s", dir)
	}
	if err != nil {
		return fail(err)
	}
	return dir, nil
}

// isBare tells whether a folder is laid out as a repository itself.
func isBare(dir string) bool {
	for _, part := range []string{"HEAD", "objects", "refs"} {
		info, err := os.Stat(filepath.Join(dir, part))
		if err != nil || info.IsDir() != (part != "HEAD") {
			return false
		}
	}
	return true
}

func readPointer(path string) (string, error) {
	data, err := readSmall(path, maxPointer)
	return strings.TrimRight(string(data), "\r\n"), err
}

func join(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}
