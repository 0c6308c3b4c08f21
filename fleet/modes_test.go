package fleet_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
)

// gitIn runs git in a folder, with the settings of nobody.
func gitIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b", "GIT_ALLOW_PROTOCOL=file")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// modes are those that a build of the fleet's one image sees.
func modes(t *testing.T, dir string, keep bool) map[string]string {
	t.Helper()
	cfg := config.Default()
	cfg.Slipway.GitModes = keep
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Dir: dir, Config: cfg})
	if err != nil || len(f.Images) != 1 {
		t.Fatalf("%v, %v", f, err)
	}
	tree, err := f.Context(f.Images[0])
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	found := map[string]string{}
	for _, p := range tree.Paths() {
		info, err := fs.Stat(tree, p)
		if err != nil {
			t.Fatal(err)
		}
		found[p] = info.Mode().Perm().String()
	}
	return found
}

func put(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestGitModes: what git tracks has the modes that git keeps, also behind links and in submodules; all
// else has its own.
func TestGitModes(t *testing.T) {
	top := t.TempDir()
	sub := filepath.Join(top, "sub")
	put(t, filepath.Join(sub, "inner.sh"), "", 0o775)
	gitIn(t, sub, "init", "-q")
	gitIn(t, sub, "add", ".")
	gitIn(t, sub, "commit", "-qm", "one")

	repo := filepath.Join(top, "repo")
	image := filepath.Join(repo, "images/app")
	put(t, filepath.Join(image, "changelog"), "app (1) stable; urgency=medium\n\n  * One.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n", 0o664)
	put(t, filepath.Join(image, "Dockerfile.template"), "FROM scratch\n", 0o664)
	put(t, filepath.Join(image, "run.sh"), "", 0o775)
	put(t, filepath.Join(image, "d/file"), "", 0o600)
	put(t, filepath.Join(repo, "shared/lib.sh"), "", 0o700)
	put(t, filepath.Join(repo, "images/common/x"), "", 0o660)
	for link, target := range map[string]string{"lib.sh": "../common/x", "common": "../common"} {
		if err := os.Symlink(target, filepath.Join(image, link)); err != nil {
			t.Fatal(err)
		}
	}
	gitIn(t, repo, "init", "-q")
	gitIn(t, repo, "submodule", "--quiet", "add", sub, "images/app/module")
	gitIn(t, repo, "add", ".")
	gitIn(t, repo, "commit", "-qm", "one")
	for path, mode := range map[string]fs.FileMode{
		"images/app": 0o775, "images/app/d": 0o700, "images/app/module": 0o770, "images/app/module/inner.sh": 0o770, "images/common": 0o2775,
	} {
		if err := os.Chmod(filepath.Join(repo, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(image, "key"), "secret", 0o600) // nobody tracks it
	put(t, filepath.Join(image, "out/artifact"), "", 0o770)
	put(t, filepath.Join(repo, "images/common/untracked"), "", 0o640)

	const file, program, folder = "-rw-r--r--", "-rwxr-xr-x", "-rwxr-xr-x"
	want := map[string]string{
		"Dockerfile.template": file, "changelog": file, "run.sh": program, "d": folder, "d/file": file,
		"lib.sh": file, "common": folder, "common/x": file, "common/untracked": "-rw-r-----",
		"module": folder, "module/inner.sh": program, "module/.git": "-rw-r--r--",
		"key": "-rw-------", "out": "-rwxr-xr-x", "out/artifact": "-rwxrwx---",
	}
	if diff := cmp.Diff(want, modes(t, filepath.Join(repo, "images"), true)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	as := modes(t, filepath.Join(repo, "images"), false)
	if as["run.sh"] != "-rwxrwxr-x" || as["d/file"] != "-rw-------" || as["common"] != "-rwxrwxr-x" {
		t.Errorf("with git_modes: false: %v", as)
	}

	// A submodule alone that cannot be read has the modes that stand, which is said; then the checkout.
	put(t, filepath.Join(image, "module/.git"), "gitdir: nowhere\n", 0o644)
	want["module/inner.sh"] = "-rwxrwx---"
	unreadable(t, filepath.Join(repo, "images"), want, "module/.git: cannot find the repository of this checkout")
	put(t, filepath.Join(repo, ".git/index"), "nonsense", 0o644)
	unreadable(t, filepath.Join(repo, "images"), as, ".git/index: cannot read which files git tracks")
}

// unreadable wants modes and one problem, with a way out, of the fleet's one image.
func unreadable(t *testing.T, dir string, want map[string]string, problem string) {
	t.Helper()
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Dir: dir, Config: config.Default()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		tree, err := f.Context(f.Images[0])
		if err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
	}
	found := f.UnreadableGit()
	if len(found) != 1 || !strings.Contains(found[0].Error(), problem) || !strings.Contains(found[0].Hint, "; `slipway: {git_modes: false}` ") {
		t.Errorf("problems %v", found)
	}
	if diff := cmp.Diff(want, modes(t, dir, true)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
