package gitindex

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repo is a checkout made by the real git.
type repo struct {
	t   testing.TB
	dir string
}

// newRepo makes an empty checkout; options are for "git init".
func newRepo(t testing.TB, options ...string) repo {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := repo{t, filepath.Join(dir, "repo")}
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.git(append([]string{"init", "--quiet", "--initial-branch=main"}, options...)...)
	return r
}

// try runs git, and returns what it printed.
func (r repo) try(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always",
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return stderr.String(), err
	}
	return string(out), nil
}

func (r repo) git(args ...string) string {
	r.t.Helper()
	out, err := r.try(args...)
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return out
}

// at is the same repository seen from another folder.
func (r repo) at(dir string) repo { return repo{r.t, filepath.Join(r.dir, dir)} }

func (r repo) path(name string) string { return filepath.Join(r.dir, name) }

func (r repo) write(name, text string, mode os.FileMode) {
	r.t.Helper()
	p := r.path(name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Chmod(p, mode); err != nil {
		r.t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour) // or git takes every file for one that may change unseen
	if err := os.Chtimes(p, old, old); err != nil {
		r.t.Fatal(err)
	}
}

func (r repo) link(target, name string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Symlink(target, r.path(name)); err != nil {
		r.t.Fatal(err)
	}
}

// sample is a tree with every kind of entry but a submodule, committed.
func (r repo) sample() repo {
	r.t.Helper()
	for _, name := range []string{"a", "dir/b", "dir/deep/er/c", "dir.txt", "über/ä b", "z/last"} {
		r.write(name, name, 0o644)
	}
	r.write("dir/run", "#!/bin/sh", 0o755)
	r.link("dir/b", "link")
	r.git("add", "--all")
	r.git("commit", "--quiet", "--message=sample")
	return r
}

func (r repo) open() *Index {
	r.t.Helper()
	x, err := Open(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	if x == nil {
		r.t.Fatalf("%s is in no checkout", r.dir)
	}
	return x
}

// listed is what "git ls-files --stage" says of a path: the modes by stage.
type listed map[string]map[string]string

func (r repo) listed(options ...string) listed {
	r.t.Helper()
	all := listed{}
	for line := range strings.SplitSeq(r.git(append([]string{"ls-files", "--stage", "-z"}, options...)...), "\x00") {
		if line == "" {
			continue
		}
		meta, path, _ := strings.Cut(line, "\t")
		fields := strings.Fields(meta)
		if all[path] == nil {
			all[path] = map[string]string{}
		}
		all[path][fields[2]] = fields[0]
	}
	return all
}

var octal = map[string]Mode{"100644": Regular, "100755": Executable, "120000": Symlink, "160000": Gitlink}

// same compares all that the index says with all that git says.
func (r repo) same(x *Index) {
	r.t.Helper()
	if x.Top() != r.dir {
		r.t.Errorf("the top is %s, not %s", x.Top(), r.dir)
	}
	want := r.listed()
	folders := map[string]bool{}
	for path, stages := range want {
		for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
			folders[dir] = true
			if dir == "." {
				break
			}
		}
		mode := ""
		for _, stage := range []string{"0", "2", "1", "3"} {
			if mode = stages[stage]; mode != "" {
				break
			}
		}
		if got, ok := x.Tracked(path); !ok || got != octal[mode] {
			r.t.Errorf("%q is %v, %v here, %v for git", path, got, ok, stages)
		}
	}
	for dir := range folders {
		if !x.HasBelow(dir) {
			r.t.Errorf("nothing is tracked below %q", dir)
		}
	}
	for path := range x.tree.files {
		if want[path] == nil {
			r.t.Errorf("%q is tracked here, not by git", path)
		}
	}
	for path := range x.tree.folders {
		if !folders[path] {
			r.t.Errorf("something is tracked below %q here, not by git", path)
		}
	}
}

// indexInfo writes entries as "git update-index --index-info" takes them.
func (r repo) indexInfo(lines string) {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "lines")
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.shell("git update-index --index-info <" + file)
}

func (r repo) shell(script string) {
	r.t.Helper()
	r.git("-c", "alias.x=!cd '"+r.dir+"' && "+script, "x")
}
