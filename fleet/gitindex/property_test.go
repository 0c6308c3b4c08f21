package gitindex

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestRandom does random things to random checkouts, and compares with git after each.
func TestRandom(t *testing.T) {
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			format := []string{"sha1", "sha256"}[seed%2]
			w := &world{repo: newRepo(t, "--object-format="+format), r: rand.New(rand.NewPCG(seed, 10))}
			w.git("config", "splitIndex.maxPercentChange", fmt.Sprint(w.r.IntN(100)))
			for range 20 {
				steps := w.steps()
				what := slices.Sorted(keys(steps))[w.r.IntN(len(steps))]
				w.did = append(w.did, what)
				steps[what]()
				w.same(w.open())
				w.sameKept()
				if t.Failed() {
					t.Fatalf("after %q", w.did)
				}
			}
		})
	}
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

type world struct {
	repo
	r   *rand.Rand
	did []string
}

func (w *world) steps() map[string]func() {
	return map[string]func(){
		"write":   w.randomFiles,
		"write2":  w.randomFiles,
		"add":     func() { w.git("add", "--all") },
		"add one": func() { w.onOne("add", "--all") },
		"add -N":  func() { w.randomFiles(); w.git("add", "--all", "--intent-to-add") },
		"chmod":   w.chmod,
		"rm":      func() { w.onOne("rm", "-r", "--quiet", "--force") },
		"forget":  func() { w.onOne("rm", "-r", "--quiet", "--force", "--cached") },
		"skip":    func() { w.onOne("update-index", "--skip-worktree") },
		"commit":  func() { _, _ = w.try("commit", "--quiet", "--all", "--message=x") }, // or nothing to commit
		"version": func() { w.git("update-index", fmt.Sprint("--index-version=", 2+w.r.IntN(3))) },
		"split":   func() { w.git("update-index", "--split-index") },
		"whole":   func() { w.git("update-index", "--no-split-index") },
		"mode":    func() { w.git("config", "core.fileMode", []string{"true", "false"}[w.r.IntN(2)]) },
		"merge":   w.conflict,
		"status":  func() { w.git("status") },
	}
}

func (w *world) name() string {
	parts := []string{"a", "b", "B", "a.b", "a-b", "ä", "a b", "long" + strings.Repeat("x", 120)}
	var name []string
	for range 1 + w.r.IntN(4) {
		name = append(name, parts[w.r.IntN(len(parts))])
	}
	return path.Join(name...)
}

func (w *world) randomFiles() {
	for range 1 + w.r.IntN(12) {
		name := w.name()
		if w.r.IntN(4) == 0 {
			os.RemoveAll(w.path(name))
		}
		if os.MkdirAll(path.Dir(w.path(name)), 0o755) != nil {
			continue // a file is in the way
		}
		if w.r.IntN(6) == 0 {
			_ = os.Symlink("a", w.path(name)) // or something is there
			continue
		}
		_ = os.WriteFile(w.path(name), []byte{byte(w.r.IntN(3))}, fs.FileMode(0o600|w.r.IntN(0o200))) // or a folder is there
	}
}

// onOne does something to one tracked path or a folder above it; git may refuse.
func (w *world) onOne(args ...string) {
	if p := w.one(); p != "" {
		_, _ = w.try(append(args, "--", p)...)
	}
}

func (w *world) one() string {
	all := slices.Sorted(keys(w.listed()))
	if len(all) == 0 {
		return ""
	}
	p := all[w.r.IntN(len(all))]
	if w.r.IntN(4) == 0 && path.Dir(p) != "." {
		p = path.Dir(p)
	}
	return p
}

func (w *world) chmod() {
	for p := range w.listed() {
		if info, err := os.Lstat(w.path(p)); err == nil && info.Mode().IsRegular() {
			_ = os.Chmod(w.path(p), fs.FileMode(0o600|w.r.IntN(0o200)))
		}
	}
}

// conflict leaves a merge that does not work out, if it does not.
func (w *world) conflict() {
	_, _ = w.try("commit", "--quiet", "--all", "--message=before")
	_, _ = w.try("checkout", "--quiet", "-B", "other")
	w.chmod()
	w.randomFiles()
	w.git("add", "--all")
	_, _ = w.try("commit", "--quiet", "--message=theirs")
	if _, err := w.try("checkout", "--quiet", "-B", "main", "HEAD~1"); err != nil {
		return
	}
	w.randomFiles()
	w.git("add", "--all")
	_, _ = w.try("commit", "--quiet", "--message=ours")
	_, _ = w.try("merge", "--quiet", "--no-edit", "other")
}

// sameKept compares the modes that are kept with those that "git add" gives in a copy of the index.
func (w *world) sameKept() {
	x := w.open()
	type want struct {
		perm fs.FileMode
		ok   bool
	}
	kept := map[string]want{}
	for p := range w.listed() {
		if info, err := os.Lstat(w.path(p)); err == nil && info.Mode().IsRegular() {
			perm, ok := x.Kept(p, info.Mode())
			kept[p] = want{perm, ok}
		}
	}
	before, err := os.ReadFile(w.path(".git/index"))
	if err != nil {
		return // none yet
	}
	for line := range strings.SplitSeq(w.git("ls-files", "-t", "-z"), "\x00") {
		if p, skipped := strings.CutPrefix(line, "S "); skipped { // git add does not look at it
			w.git("update-index", "--no-skip-worktree", p)
		}
	}
	w.git("add", "--all")
	after := w.listed()
	for p, k := range kept {
		mode, _ := x.Tracked(p)
		if mode == Symlink && !k.ok {
			continue // replaced by a file: not kept until it is added
		}
		if now := after[p]["0"]; !k.ok || octal[now] != map[fs.FileMode]Mode{0o644: Regular, 0o755: Executable}[k.perm] {
			w.t.Errorf("%q was %v: kept %v, %v; git add makes %s", p, mode, k.perm, k.ok, now)
		}
	}
	if err := os.WriteFile(w.path(".git/index"), before, 0o644); err != nil {
		w.t.Fatal(err)
	}
}
