package gitindex

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wantError checks an error's parts, the hint among them.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want %q", parts)
	}
	for _, part := range append(parts, "\nhint: ") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q: %v", part, err)
		}
	}
}

func TestNoCheckout(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"plain", "empty/.git", "pipe"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "plain/.git")); err != nil {
		t.Fatal(err)
	}
	mkfifo(t, filepath.Join(dir, "pipe/.git"))
	for _, name := range []string{"plain", "empty", "pipe", "."} {
		if x, err := Open(filepath.Join(dir, name)); x != nil || err != nil {
			t.Errorf("%s: %v, %v", name, x, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "missing: cannot look for a git checkout: no such file") {
		t.Errorf("a missing folder: %v", err)
	}
}

func TestNewRepository(t *testing.T) {
	r := newRepo(t)
	x := r.open()
	r.same(x)
	if x.HasBelow(".") || !x.FileMode() {
		t.Errorf("in a new repository: %v, %v", x.HasBelow("."), x.FileMode())
	}
}

// TestPlaces opens a checkout from all sides.
func TestPlaces(t *testing.T) {
	r := newRepo(t).sample()
	for _, key := range []string{"GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CEILING_DIRECTORIES"} {
		t.Setenv(key, filepath.Dir(r.dir))
	}
	outside := t.TempDir()
	link := filepath.Join(outside, "link")
	if err := os.Symlink(r.path("dir"), link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(r.path("dir/deep"))
	for dir, rel := range map[string]string{
		r.dir: ".", r.path("dir/deep"): "dir/deep", ".": "dir/deep", "..": "dir", link: "dir", filepath.Join(link, "deep"): "dir/deep", r.path("über"): "über",
	} {
		x, err := Open(dir)
		if err != nil || x == nil {
			t.Errorf("%s: %v, %v", dir, x, err)
			continue
		}
		r.same(x)
		if got, ok := x.Rel(dir); got != rel || !ok {
			t.Errorf("Rel(%s) = %s, %v; want %s", dir, got, ok, rel)
		}
	}
	x := r.open()
	for _, dir := range []string{outside, filepath.Dir(r.dir), r.path("missing"), r.dir + "2", "/"} {
		if rel, ok := x.Rel(dir); ok {
			t.Errorf("%s is in the checkout, as %s", dir, rel)
		}
	}
	for _, path := range []string{"", "/", "./a", "/a", "a/", "dir", "dir/", "dir//b", "dir/../a", "A", "a\x00"} {
		if mode, ok := x.Tracked(path); ok {
			t.Errorf("%q is tracked: %v", path, mode)
		}
	}
	for _, path := range []string{"", "/", "a", "dir/", "dir/b", "di", "link", ".git"} {
		if x.HasBelow(path) {
			t.Errorf("something is tracked below %q", path)
		}
	}
}

func TestLinkedWorktree(t *testing.T) {
	r := newRepo(t).sample()
	r.git("branch", "other")
	r.git("worktree", "add", "--quiet", "../linked", "other")
	linked := r.at("../linked")
	linked.write("only here", "", 0o755)
	linked.git("add", "--all")
	linked.same(linked.open())
	linked.at("dir").same2(linked)
	r.same(r.open())
	// An option of the common configuration counts, one of the worktree's own counts more.
	r.git("config", "core.fileMode", "false")
	if linked.open().FileMode() {
		t.Error("core.fileMode of the common configuration does not count")
	}
	r.git("config", "extensions.worktreeConfig", "true")
	linked.git("config", "--worktree", "core.fileMode", "true")
	if !linked.open().FileMode() || r.open().FileMode() {
		t.Error("core.fileMode of the worktree's own configuration does not count, or counts elsewhere")
	}
	linked.git("update-index", "--split-index")
	linked.same(linked.open())
	if err := os.RemoveAll(r.path(".git")); err != nil {
		t.Fatal(err)
	}
	_, err := Open(linked.dir)
	wantError(t, err, linked.path(".git")+": cannot find the repository of this checkout: there is none in "+r.path(".git/worktrees/linked"))
}

// same2 opens the index from a folder below the checkout.
func (r repo) same2(top repo) {
	r.t.Helper()
	top.same(r.open())
}

// TestWorktreeOfBare: a bare repository may have worktrees; its core.bare is not meant for them.
func TestWorktreeOfBare(t *testing.T) {
	r := newRepo(t).sample()
	r.git("clone", "--quiet", "--bare", ".", "../store/.bare")
	store := r.at("../store")
	store.write(".git", "gitdir: ./.bare\n", 0o644)
	store.git("worktree", "add", "--quiet", "main")
	store.at("main").same(store.at("main").open())
	_, err := Open(store.dir)
	wantError(t, err, store.path(".bare")+": cannot tell which files git tracks: this is a repository without work tree")
	// With configurations of their own, core.bare of the common one is meant for all, until it is moved.
	main := store.at("main")
	main.git("config", "extensions.worktreeConfig", "true")
	if out, err := main.try("rev-parse", "--show-toplevel"); err == nil {
		t.Errorf("git has a work tree in %s", out)
	}
	_, err = Open(main.dir)
	wantError(t, err, "this is a repository without work tree")
	main.git("config", "--unset", "core.bare")
	main.same(main.open())
}

func TestSubmodule(t *testing.T) {
	inner := newRepo(t).sample()
	r := newRepo(t, "--object-format=sha1").sample()
	r.git("submodule", "--quiet", "add", inner.dir, "mod/sub")
	x := r.open()
	r.same(x)
	if mode, ok := x.Tracked("mod/sub"); mode != Gitlink || !ok {
		t.Errorf("the submodule is %v, %v", mode, ok)
	}
	if _, ok := x.Tracked("mod/sub/a"); ok || x.HasBelow("mod/sub") || !x.HasBelow("mod") {
		t.Error("the outer index knows the submodule's files")
	}
	if perm, ok := x.Kept("mod/sub", 0o700|os.ModeDir); perm != 0o755 || !ok {
		t.Errorf("the submodule's folder: %v, %v", perm, ok)
	}
	sub := r.at("mod/sub")
	sub.write("dir/new", "", 0o755)
	sub.git("add", "--all")
	sub.same(sub.open())
	sub.at("dir").same2(sub)
	// Not checked out, its folder is one of the outer checkout.
	r.git("submodule", "--quiet", "deinit", "--force", "mod/sub")
	if x := sub.open(); x.Top() != r.dir {
		t.Errorf("the top is %s", x.Top())
	}
}

func TestSeparateGitDir(t *testing.T) {
	r := newRepo(t).sample()
	r.git("init", "--quiet", "--separate-git-dir=../elsewhere")
	r.same(r.open())
	nested := r.at("dir/nested")
	r.git("init", "--quiet", "dir/nested")
	nested.write("n", "", 0o644)
	nested.git("add", "n")
	nested.same(nested.open()) // not a submodule, but a checkout of its own all the same
	r.same(r.open())
}

func TestCoreWorktree(t *testing.T) {
	r := newRepo(t).sample()
	r.git("config", "core.worktree", r.path("dir"))
	if x, err := Open(r.dir); x != nil || err != nil {
		t.Errorf("outside of core.worktree: %v, %v", x, err)
	}
	if got := r.at("dir").open().Top(); got != r.path("dir") {
		t.Errorf("the top is %s", got)
	}
	r.git("config", "core.worktree", "../..") // relative to .git
	if got := r.open().Top(); got != filepath.Dir(r.dir) {
		t.Errorf("the top is %s", got)
	}
	r.write(".git/config", "[core]\nworktree = /nowhere/at all\n", 0o644)
	_, err := Open(r.dir)
	wantError(t, err, r.path(".git/config")+": cannot find the work tree that core.worktree names, /nowhere/at all: no such file or directory")
}

func TestBare(t *testing.T) {
	r := newRepo(t)
	r.git("init", "--quiet", "--bare", "store.git")
	for _, dir := range []string{"store.git", "store.git/hooks", ".git/info"} {
		top, _, _ := strings.Cut(dir, "/")
		_, err := Open(r.path(dir))
		wantError(t, err, r.path(top)+": cannot tell which files git tracks: this is a repository without work tree")
	}
	r.git("config", "core.bare", "true")
	_, err := Open(r.dir)
	wantError(t, err, r.path(".git")+": cannot tell", "config core.bare false")
	r.git(strings.Fields("-C " + r.path(".git") + " config core.bare false")...)
	r.open()
}

// TestHintsAreQuoted: the command of a hint works as it is printed.
func TestHintsAreQuoted(t *testing.T) {
	for path, want := range map[string]string{
		"/srv/fleet-1/a_b.git": "/srv/fleet-1/a_b.git", "/über": "/über", "/a b": "'/a b'", "/$(x)`y`": "'/$(x)`y`'", "/it's": `'/it'\''s'`,
	} {
		if got := word(path); got != want {
			t.Errorf("%s is %s, not %s", path, got, want)
		}
	}
	r := newRepo(t)
	bare := filepath.Join(r.dir, "it's bare")
	r.git("init", "--quiet", "--bare", bare)
	_, err := Open(bare)
	wantError(t, err, "without work tree")
	_, command, _ := strings.Cut(err.Error(), "run: ")
	r.shell(command)
	if out := strings.TrimSpace(r.git("-C", bare, "config", "core.bare")); out != "false" {
		t.Errorf("core.bare is %s", out)
	}
}

func TestDamagedRepository(t *testing.T) {
	r := newRepo(t).sample()
	if err := os.Remove(r.path(".git/HEAD")); err != nil {
		t.Fatal(err)
	}
	_, err := Open(r.path("dir"))
	wantError(t, err, r.path(".git")+": cannot read this git repository: it has no HEAD")
	for text, want := range map[string]string{
		"":                  `it does not say "gitdir: " and a folder`,
		"gitdir: ":          `it does not say "gitdir: " and a folder`,
		"hello":             `it does not say "gitdir: " and a folder`,
		"gitdir: ../gone\n": "there is none in " + r.path("sub/../gone"),
		"gitdir: a\x00b\n":  "there is none in " + r.path("sub/x/a\x00b"),
		"gitdir: " + strings.Repeat("x", 70_000) + "\n": "it has 70009 bytes, more than 65536",
	} {
		want = strings.NewReplacer("sub/../", "", "sub/x/", "sub/").Replace(want)
		r.write("sub/.git", text, 0o644)
		_, err := Open(r.path("sub"))
		wantError(t, err, r.path("sub/.git")+": cannot find the repository of this checkout: "+want)
	}
}

func TestWorktreeWithoutItsRepository(t *testing.T) {
	r := newRepo(t).sample()
	r.git("worktree", "add", "--quiet", "--detach", "../linked")
	linked := r.at("../linked")
	r.write(".git/worktrees/linked/commondir", "../../gone\n", 0o644)
	_, err := Open(linked.dir)
	wantError(t, err, r.path(".git/worktrees/linked/commondir")+": cannot find the repository of this worktree: there is none in "+r.path(".git/gone"))
}
