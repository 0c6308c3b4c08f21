package gitindex

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seeds are indexes of each form, made by git, as two files: the index and what it shares.
func seeds(f *testing.F) (all [][2][]byte) {
	for _, prepare := range [][]string{
		{"--index-version=2"}, {"--index-version=4"}, {"--skip-worktree", "a"}, {"--untracked-cache"}, {"--split-index"}, {"--split-index", "--index-version=4"},
	} {
		r := newRepo(f).sample()
		r.git("config", "splitIndex.maxPercentChange", "100")
		r.git(append([]string{"update-index"}, prepare...)...)
		r.write("dir/b", "changed", 0o755)
		r.git("rm", "--quiet", "--cached", "z/last")
		r.git("add", "dir")
		own, shared := r.readFile(".git/index"), []byte(nil)
		if names, _ := filepath.Glob(r.path(".git/sharedindex.*")); len(names) > 0 {
			shared = r.readFile(".git/" + filepath.Base(names[0]))
			shared = shared[:len(shared)-hashes["sha1"].size]
		}
		all = append(all, [2][]byte{own[:len(own)-hashes["sha1"].size], shared})
	}
	return all
}

// FuzzIndex reads any index with the right checksum, alone or on top of any shared one.
func FuzzIndex(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s[0], s[1], false)
		f.Add(s[0], s[1], true)
	}
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x00link\x00\x00\x00\x14aaaaaaaaaaaaaaaaaaaa"), []byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x00"), false)
	f.Fuzz(func(t *testing.T, own, shared []byte, long bool) {
		h := hashes["sha1"]
		if long {
			h = hashes["sha256"]
		}
		parsed, err := decode(signed(own, h), h)
		if err != nil {
			return
		}
		var base *contents
		if parsed.link != nil {
			if base, err = decode(signed(shared, h), h); err != nil {
				return
			}
		}
		tr, err := merge(parsed, base)
		if err != nil {
			return
		}
		x := &Index{Checkout: &Checkout{}, tree: tr}
		check := func(p string) {
			if p != "." && (!filepath.IsLocal(p) || filepath.Clean(p) != p || p == ".git" || strings.HasPrefix(p, ".git/")) {
				t.Errorf("%q is taken in", p)
			}
			if dir := filepath.Dir(p); !x.HasBelow(dir) {
				t.Errorf("%q is tracked, but nothing below %q", p, dir)
			}
		}
		for p := range tr.files {
			check(p)
			if mode, ok := x.Tracked(p); !ok || mode == 0 || mode > Gitlink {
				t.Errorf("%q is %v, %v", p, mode, ok)
			}
		}
		for p := range tr.folders {
			check(p)
		}
	})
}

// FuzzConfig reads any configuration.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{
		"[core]\n\tfilemode = false ; why\n[extensions]\nobjectFormat=sha256", "[a \"b\\\"\"] c = \"d \\\n\\t\" # x\r\n[core.x]\nbare", "\xef\xbb\xbf[core]bare\\",
	} {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "config"), data, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := readConfig(dir, dir, false)
		if err == nil && c.hash.size == 0 {
			t.Error("no hash function")
		}
		if err != nil && !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("no hint: %v", err)
		}
	})
}
