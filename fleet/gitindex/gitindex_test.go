package gitindex

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestForms reads each form in which git stores an index.
func TestForms(t *testing.T) {
	forms := map[string]func(r repo){
		"version 2": func(r repo) { r.git("update-index", "--index-version=2") },
		"version 3": func(r repo) {
			r.write("later", "", 0o644)
			r.git("add", "--intent-to-add", "later")
			r.git("update-index", "--skip-worktree", "dir/b")
		},
		"version 4": func(r repo) { r.git("update-index", "--index-version=4") },
		"version 4, flags": func(r repo) {
			r.write("later", "", 0o755)
			r.git("add", "--intent-to-add", "later")
			r.git("update-index", "--index-version=4", "--assume-unchanged", "a")
			r.git("update-index", "--skip-worktree", "dir/b")
		},
		"optional extensions": func(r repo) {
			r.git("update-index", "--untracked-cache")
			r.git("status")
			r.git("rm", "--quiet", "--cached", "a")
		},
		"split": func(r repo) { r.git("update-index", "--split-index") },
		"split, changed": func(r repo) {
			r.git("-c", "splitIndex.maxPercentChange=100", "update-index", "--split-index")
			r.git("config", "splitIndex.maxPercentChange", "100")
			r.write("a", "changed", 0o755)
			r.write("dir/0", "before others", 0o644)
			r.write("zz", "behind others", 0o644)
			r.git("rm", "--quiet", "--cached", "z/last", "dir.txt")
			r.git("add", "--all", "--", "a", "dir", "zz")
		},
		"split, version 4, changed": func(r repo) {
			r.git("config", "splitIndex.maxPercentChange", "100")
			r.git("update-index", "--index-version=4", "--split-index")
			r.write("dir/b", "changed", 0o755)
			r.write("dir/bb", "new", 0o644)
			r.git("rm", "--quiet", "--cached", "a")
			r.git("add", "dir")
		},
		"deleted files": func(r repo) { r.git("rm", "--quiet", "-r", "dir") },
		"no file":       func(r repo) { r.git("rm", "--quiet", "-r", ".") },
		"long path": func(r repo) {
			hash := strings.TrimSpace(r.git("rev-parse", "HEAD:a"))
			for _, n := range []int{4094, 4095, 4096} { // a path's length has twelve bits, 4095 for "more"
				long := strings.Repeat("0123456789abcde/", 256)[:n-1] + "x"
				r.git("update-index", "--add", "--cacheinfo", "100755,"+hash+","+long)
			}
		},
	}
	for _, format := range []string{"sha1", "sha256"} {
		for name, make := range forms {
			t.Run(format+", "+name, func(t *testing.T) {
				r := newRepo(t, "--object-format="+format).sample()
				make(r)
				r.same(r.open())
			})
		}
	}
}

// TestFormsAreMade makes sure that the forms above are what they say: an older or newer git may do otherwise.
func TestFormsAreMade(t *testing.T) {
	r := newRepo(t).sample()
	version := func() byte {
		data, err := os.ReadFile(r.path(".git/index"))
		if err != nil {
			t.Fatal(err)
		}
		return data[7]
	}
	r.git("update-index", "--index-version=4")
	if v := version(); v != 4 {
		t.Errorf("version %d, not 4", v)
	}
	r.git("update-index", "--index-version=2")
	r.git("update-index", "--skip-worktree", "a")
	if v := version(); v != 3 {
		t.Errorf("version %d, not 3", v)
	}
	r.git("config", "splitIndex.maxPercentChange", "100")
	r.git("update-index", "--split-index")
	r.write("dir/b", "changed", 0o755)
	r.git("add", "dir")
	own, _, err := r.open().load("index")
	if err != nil || own.link == nil || len(own.link.changed.words) == 0 || len(own.entries) == 0 || len(own.entries) > 3 {
		t.Errorf("no split index with few changes: %+v, %v", own, err)
	}
}

func TestSparseIndex(t *testing.T) {
	r := newRepo(t).sample()
	r.git("sparse-checkout", "set", "--cone", "--sparse-index", "z")
	sparse := r.listed("--sparse")
	if sparse["dir/"]["0"] != "040000" {
		t.Fatalf("git made no sparse index: %v", sparse)
	}
	x := r.open()
	for _, dir := range []string{".", "dir", "über", "z"} {
		if !x.HasBelow(dir) {
			t.Errorf("nothing is tracked below %s", dir)
		}
	}
	for path, want := range map[string]Mode{"a": Regular, "z/last": Regular, "link": Symlink, "dir": 0, "dir/": 0, "dir/b": 0} {
		if mode, ok := x.Tracked(path); mode != want || ok != (want != 0) {
			t.Errorf("%s is %v, %v", path, mode, ok)
		}
	}
}

// TestConflict: a file in conflict is tracked; where the index gives its mode, it is the one that git takes.
func TestConflict(t *testing.T) {
	r := newRepo(t)
	r.git("config", "core.fileMode", "false")
	r.write("a", "text", 0o644)
	hash := strings.TrimSpace(r.git("hash-object", "-w", "a"))
	for _, stages := range []string{"1 2 3", "1 2", "1 3", "2 3", "2", "3"} {
		for executable := range 8 {
			r.git("read-tree", "--empty")
			var info strings.Builder
			for stage := range strings.FieldsSeq(stages) {
				mode := "100644"
				if executable>>(stage[0]-'1')&1 != 0 {
					mode = "100755"
				}
				info.WriteString(mode + " " + hash + " " + stage + "\ta\n")
			}
			r.indexInfo(info.String())
			x := r.open()
			r.same(x)
			perm, ok := x.Kept("a", 0o640)
			r.git("add", "a")
			if now := r.listed()["a"]["0"]; !ok || now != map[fs.FileMode]string{0o644: "100644", 0o755: "100755"}[perm] {
				t.Errorf("stages %q: %v, %v here, %s for git add", info.String(), perm, ok, now)
			}
		}
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	x := newRepo(t).sample().open()
	for _, path := range []string{"dir/deep/er/c", "dir/deep/er/missing"} {
		if n := testing.AllocsPerRun(100, func() {
			x.Tracked(path)
			x.HasBelow(path)
			x.Kept(path, 0o644)
		}); n > 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}

func TestPathsOutOfTheWorkTree(t *testing.T) {
	tr := newTree(0)
	for _, name := range []string{"", "/", "/x", "//x", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "./a", "a//b", "a/", ".git", ".git/config", "a/.git/hooks/x", strings.Repeat("x/", 2100) + "x"} {
		if err := tr.add(name, Regular, 0); err != nil {
			t.Error(err)
		}
	}
	if len(tr.files)+len(tr.folders) > 0 {
		t.Errorf("taken in: %v, %v", tr.files, tr.folders)
	}
}

// TestKept: what is in the table is what "git add" makes of the file.
func TestKept(t *testing.T) {
	r := newRepo(t).sample()
	for _, setting := range []string{"true", "false"} {
		r.git("config", "core.fileMode", setting)
		x := r.open()
		for _, c := range []struct {
			path       string
			found      fs.FileMode
			with       fs.FileMode // core.fileMode true
			without    fs.FileMode
			notTracked bool
		}{
			{path: "a", found: 0o600, with: 0o644, without: 0o644},
			{path: "a", found: 0o664, with: 0o644, without: 0o644},
			{path: "a", found: 0o700, with: 0o755, without: 0o644},
			{path: "a", found: 0o654, with: 0o644, without: 0o644}, // only the owner's bit counts
			{path: "a", found: 0o755 | fs.ModeSetuid, with: 0o755, without: 0o644},
			{path: "dir/run", found: 0o775, with: 0o755, without: 0o755},
			{path: "dir/run", found: 0o664, with: 0o644, without: 0o755},
			{path: "dir", found: 0o700 | fs.ModeDir, with: 0o755, without: 0o755},
			{path: ".", found: 0o2775 | fs.ModeDir | fs.ModeSetgid, with: 0o755, without: 0o755},
			{path: "link", found: 0o777 | fs.ModeSymlink, with: 0o777, without: 0o777},
			{path: "link", found: 0o600, notTracked: true}, // what it leads to
			{path: "a", found: 0o777 | fs.ModeSymlink, notTracked: true},
			{path: "a", found: 0o755 | fs.ModeDir, notTracked: true},
			{path: "a", found: 0o644 | fs.ModeNamedPipe, notTracked: true},
			{path: "dir", found: 0o600, notTracked: true},
			{path: "key", found: 0o600, notTracked: true},
			{path: "empty", found: 0o700 | fs.ModeDir, notTracked: true},
		} {
			want := c.with
			if setting == "false" {
				want = c.without
			}
			if perm, ok := x.Kept(c.path, c.found); ok == c.notTracked || ok && perm != want {
				t.Errorf("core.fileMode %s: Kept(%s, %v) = %v, %v; want %v, %v", setting, c.path, c.found, perm, ok, want, !c.notTracked)
			}
			if c.notTracked || c.found.Type() != 0 {
				continue
			}
			if err := os.Chmod(r.path(c.path), c.found); err != nil {
				t.Fatal(err)
			}
			r.git("add", c.path)
			if now := r.listed()[c.path]["0"]; now != map[fs.FileMode]string{0o644: "100644", 0o755: "100755"}[want] {
				t.Errorf("core.fileMode %s: of %s, %v, git add makes %s, not %v", setting, c.path, c.found, now, want)
			}
			r.git("reset", "--quiet")
		}
	}
}

func TestUmask(t *testing.T) {
	origin := newRepo(t).sample()
	kept := map[string]fs.FileMode{}
	for _, umask := range []string{"022", "002", "077"} {
		clone := repo{t, filepath.Join(filepath.Dir(origin.dir), "clone"+umask)}
		origin.shell("umask " + umask + " && git clone --quiet . " + clone.dir)
		x := clone.open()
		names := maps.Clone(x.tree.folders)
		for name := range x.tree.files {
			names[name] = true
		}
		for name := range names {
			info, err := os.Lstat(clone.path(name))
			if err != nil {
				t.Fatal(err)
			}
			perm, ok := x.Kept(name, info.Mode())
			if was, known := kept[name]; !ok || known && was != perm {
				t.Errorf("umask %s: %s has %v, %v; was %v", umask, name, perm, ok, was)
			}
			kept[name] = perm
		}
	}
	if len(kept) != 14 || kept["dir/run"] != 0o755 || kept["a"] != 0o644 {
		t.Errorf("kept %v", kept)
	}
}
