package source

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

// withFilter is git's configuration that has a filter.
func withFilter(name, smudge string) []string {
	return []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=filter." + name + ".smudge", "GIT_CONFIG_VALUE_0=" + smudge}
}

// TestPointers: git-lfs's pointers are an error where they count, not the files of an image.
func TestPointers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := daemon(t, dir)
	lib := newRepo(t, filepath.Join(dir, "lib"))
	lib.commit(map[string]string{".gitattributes": "*.dat filter=lfs\n", "deep/x.dat": pointer})
	main := newRepo(t, filepath.Join(dir, "main"))
	main.commit(map[string]string{
		".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\nplain.bin -filter\n", "image/Dockerfile": "FROM scratch\n",
		"image/a.bin": pointer, "image/b b.bin": pointer, "image/c.bin": pointer, "image/raw.bin": "no pointer", "plain.bin": pointer, "other/x.bin": pointer,
		"docs/lfs.txt": pointer,
	})
	main.link("lib", "../lib", lib.git("rev-parse", "HEAD"))
	g, commit := parsed(t, open+"/main"), main.git("rev-parse", "HEAD")
	r := repositories(t)
	fetch := func(w Wish, want ...string) {
		t.Helper()
		c, err := r.Fetch(t.Context(), g, commit, w)
		if len(want) > 0 {
			wantError(t, err, want...)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	fetch(needing("image"), "cannot fetch "+open+"/main: git-lfs's pointers are in the place of image/a.bin, image/b b.bin and 1 more: git has no filter lfs here",
		"hint: `apt-get install git-lfs` and `git lfs install --skip-repo` for the user who runs this; \"filters: false\"")
	fetch(needing("other", "lib"), "in the place of lib/deep/x.dat and other/x.bin: ")
	fetch(needing("docs", "plain.bin"))
	fetch(needing("image/raw.bin"))
	fetch(Wish{NoFilters: true})
	fetch(Wish{Submodules: []string{}, Counts: needing("lib").Counts})

	// Without the filter there is no point in another attempt; with it the files are fetched.
	count := counting(t, r)
	fetch(needing("image"), "image/a.bin")
	if n := count(); n != 1 {
		t.Errorf("git was run %d times to find out that nothing has changed", n)
	}
	r.Env = append(r.Env, withFilter("lfs", "cat >/dev/null; echo content")...)
	r.Env = append(r.Env, "GIT_LFS_SKIP_SMUDGE=0")
	fetch(needing("image"))
	c, err := r.Fetch(t.Context(), g, commit, Wish{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, want := range map[string]string{"image/a.bin": "content\n", "lib/deep/x.dat": "content\n", "plain.bin": pointer} {
		if data, err := os.ReadFile(filepath.Join(c.Root, name)); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
}

// TestNoFilters: the files are the commit's, although git has the filter.
func TestNoFilters(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	commit := main.commit(map[string]string{".gitattributes": "*.bin filter=lfs\n", "a.bin": pointer})
	r := repositories(t, withFilter("lfs", "echo content")...)
	for _, test := range []struct {
		wish Wish
		want string
	}{{Wish{}, "content\n"}, {Wish{NoFilters: true}, pointer}} {
		c, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, test.wish)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(filepath.Join(c.Root, "a.bin")); err != nil || string(data) != test.want {
			t.Errorf("%v: %q, %v", test.wish, data, err)
		}
		c.Close()
	}
}

// TestFilterThatFails: git goes on when a filter fails that is not required.
func TestFilterThatFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := newRepo(t, filepath.Join(dir, "r"))
	commit := main.commit(map[string]string{".gitattributes": "*.bin filter=lfs\n", "a.bin": pointer})
	r := repositories(t, withFilter("lfs", "test -e '"+dir+"/server' && echo content")...)
	_, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{})
	wantError(t, err, "in the place of a.bin: ")
	if err := os.WriteFile(filepath.Join(dir, "server"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestUnknownFilter: what another filter would make of a file nobody knows.
func TestUnknownFilter(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	commit := main.commit(map[string]string{".gitattributes": "*.key filter=git-crypt\n", "a.key": "\x00GITCRYPT\x00", "b": ""})
	r := repositories(t)
	_, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{})
	wantError(t, err, "the filter git-crypt, which git does not have here, has not made a.key", "hint: give git its filter.git-crypt.smudge, see gitattributes(5); \"filters: false\"")
	c, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, needing("b"))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	r.Env = append(r.Env, withFilter("git-crypt", "cat")...)
	if c, err = r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestOldCheckouts: those that an older Slipway made say nothing of pointers.
func TestOldCheckouts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := newRepo(t, filepath.Join(dir, "r"))
	commit := main.commit(map[string]string{"sub/.gitattributes": "*.bin filter=lfs\n", "sub/a.bin": pointer, "sub/b.bin": strings.Repeat("x", 200)})
	r := repositories(t)
	g := parsed(t, main.url())
	c, err := r.Fetch(t.Context(), g, commit, needing("none"))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	old := filepath.Join(r.Cache, nameOf(g, commit, Wish{}), entryFile)
	data, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	var e map[string]any
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	delete(e, "scheme")
	delete(e, "unfiltered")
	delete(e, "filters")
	if data, err = json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(main.dir, main.dir+".away"); err != nil { // it cannot be fetched again
		t.Fatal(err)
	}
	_, err = r.Fetch(t.Context(), g, commit, Wish{})
	wantError(t, err, "in the place of sub/a.bin: ")
	if c, err = r.Fetch(t.Context(), g, commit, needing("none")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if data, err = os.ReadFile(old); err != nil || !strings.Contains(string(data), `"scheme":1,"unfiltered":[{"path":"sub/a.bin","filter":"lfs"}]`) {
		t.Errorf("%s, %v", data, err)
	}
}
