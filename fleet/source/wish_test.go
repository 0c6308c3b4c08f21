package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// needing is a wish that only these folders count for.
func needing(folders ...string) Wish {
	return Wish{Counts: func(string) func(string, bool) bool {
		return func(name string, folder bool) bool {
			for _, f := range folders {
				if inside(name, f) || folder && inside(f, name) {
					return true
				}
			}
			return false
		}
	}}
}

func TestWishes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := daemon(t, dir)
	inner := newRepo(t, filepath.Join(dir, "inner"))
	deep := inner.commit(map[string]string{"inner": "1"})
	lib := newRepo(t, filepath.Join(dir, "lib"))
	lib.commit(map[string]string{"lib": "1"})
	lib.link("nested", "../inner", deep)
	main := newRepo(t, filepath.Join(dir, "main"))
	main.commit(map[string]string{"Dockerfile": "FROM scratch\n"})
	main.link("libs/a", "../lib", lib.git("rev-parse", "HEAD"))
	main.link("libs/b", "../lib", lib.git("rev-parse", "HEAD"))
	main.link("z", "../inner", deep)
	g, commit := parsed(t, open+"/main"), main.git("rev-parse", "HEAD")
	r := repositories(t)
	for _, test := range []struct {
		wish Wish
		want []string
	}{
		{Wish{}, []string{"libs/a/lib", "libs/a/nested/inner", "libs/b/lib", "libs/b/nested/inner", "z/inner"}},
		{Wish{Submodules: []string{}}, nil},
		{Wish{Submodules: []string{"z"}}, []string{"z/inner"}},
		{Wish{Submodules: []string{"z", "libs/b"}}, []string{"libs/b/lib", "libs/b/nested/inner", "z/inner"}},
		{Wish{Submodules: []string{"libs/a/nested"}}, []string{"libs/a/lib", "libs/a/nested/inner"}},
	} {
		c, err := r.Fetch(t.Context(), g, commit, test.wish)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range []string{"libs/a/lib", "libs/a/nested/inner", "libs/b/lib", "libs/b/nested/inner", "z/inner"} {
			if _, err := os.Stat(filepath.Join(c.Root, name)); err == nil {
				got = append(got, name)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.wish, diff)
		}
		if info, err := os.Stat(filepath.Join(c.Root, "libs", "a")); err != nil || !info.IsDir() {
			t.Errorf("%s: a submodule that is left out has no folder", test.wish)
		}
		c.Close()
	}
	_, err := r.Fetch(t.Context(), g, commit, Wish{Submodules: []string{"libs/c", "z"}})
	wantError(t, err, "cannot fetch "+open+"/main: the repository has no submodule libs/c at this commit\nhint: its submodules: libs/a, libs/b, z")
	if !strings.HasPrefix(nameOf(g, commit, Wish{}), nameOf(g, commit, needing("x"))) {
		t.Error("what counts makes another checkout")
	}
}

// TestForgivenSubmodules: a submodule that cannot be had is an error only for who needs its files.
func TestForgivenSubmodules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := daemon(t, dir)
	lib := newRepo(t, filepath.Join(dir, "lib"))
	there := lib.commit(map[string]string{"lib": "1"})
	gone := strings.Repeat("12", 20)
	half := newRepo(t, filepath.Join(dir, "half"))
	half.commit(map[string]string{"half": "1"})
	half.link("in", "../lib", gone)
	main := newRepo(t, filepath.Join(dir, "main"))
	main.commit(map[string]string{"image/Dockerfile": "FROM scratch\n", "other/Dockerfile": "FROM scratch\n"})
	main.link("image/lib", "../lib", there)
	main.link("other/lib", "../lib", gone)
	main.link("other/none", "https://none.invalid/x", there)
	main.link("third/half", "../half", half.git("rev-parse", "HEAD"))
	g, commit := parsed(t, open+"/main"), main.git("rev-parse", "HEAD")
	r := repositories(t)
	var said []string
	r.Progress = func(_ Git, line string) {
		if strings.Contains(line, "left empty") {
			said = append(said, line)
		}
	}
	count := counting(t, r)
	c, err := r.Fetch(t.Context(), g, commit, needing("image"))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(c.Root, "image/lib/lib")); err != nil || string(data) != "1" {
		t.Errorf("the submodule that counts: %q, %v", data, err)
	}
	for _, name := range []string{"other/lib", "other/none", "third/half/in"} {
		if list, err := os.ReadDir(filepath.Join(c.Root, name)); err != nil || len(list) != 0 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
	if _, err := os.Stat(filepath.Join(c.Root, "third/half/half")); err != nil {
		t.Error("what could be had of a submodule is gone")
	}
	if len(said) != 3 {
		t.Errorf("said: %q", said)
	}
	c.Close()

	// For others it counts: it is asked for again, and the checkout that there is stays.
	_, err = r.Fetch(t.Context(), g, commit, needing("other"))
	wantError(t, err, "cannot fetch its submodule other/lib from "+open+"/lib: the repository has no commit "+gone)
	_, err = r.Fetch(t.Context(), g, commit, Wish{})
	wantError(t, err, "cannot fetch its submodule other/lib")
	_, err = r.Fetch(t.Context(), Git{URL: g.URL, Subdir: "third/half/in"}, commit, needing("third/half/in"))
	wantError(t, err, "third/half/in")
	before := count()
	if c, err = r.Fetch(t.Context(), g, commit, needing("image")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if count() != before {
		t.Error("what there is was fetched again")
	}

	// When it can be had, it is.
	lib.git("checkout", "--quiet", "--orphan", "new")
	main.git("checkout", "--quiet", "-b", "mended")
	main.git("update-index", "--cacheinfo", "160000,"+there+",other/lib")
	main.git("rm", "--quiet", "--cached", "other/none")
	main.git("commit", "--quiet", "--message=mended")
	if c, err = r.Fetch(t.Context(), g, main.git("rev-parse", "HEAD"), needing("other")); err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestMissingSubmoduleComesBack: a server that was away is asked again when its files count, also while
// somebody uses the checkout without them.
func TestMissingSubmoduleComesBack(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	open := daemon(t, dir)
	lib := newRepo(t, filepath.Join(elsewhere, "lib"))
	main := newRepo(t, filepath.Join(dir, "main"))
	main.commit(map[string]string{"Dockerfile": "FROM scratch\n"})
	main.link("lib", "../lib", lib.commit(map[string]string{"lib": "1"}))
	g, commit := parsed(t, open+"/main"), main.git("rev-parse", "HEAD")
	r := repositories(t)
	user, err := r.Fetch(t.Context(), g, commit, needing("nothing"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(elsewhere, "lib"), filepath.Join(dir, "lib")); err != nil {
		t.Fatal(err)
	}
	defer user.Close() // who uses what is there keeps it
	c, err := r.Fetch(t.Context(), g, commit, needing("lib"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := os.Stat(filepath.Join(c.Root, "lib", "lib")); err != nil {
		t.Error(err)
	}
	if names := unfinished(t, r); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
	if n, err := r.Prune(t.Context(), commit); n != 0 || err != nil {
		t.Error(n, err)
	}
	count := counting(t, r)
	again, err := r.Fetch(t.Context(), g, commit, needing("lib"))
	if err != nil || again.Root != c.Root || count() != 0 {
		t.Errorf("fetched again: %v", err)
	}
	again.Close()
	if list, err := os.ReadDir(filepath.Join(user.Root, "lib")); err != nil || len(list) != 0 {
		t.Errorf("the checkout in use has changed: %v", err)
	}
}

// TestErrLacking: an error about parts of a commit is told from all others.
func TestErrLacking(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := newRepo(t, filepath.Join(dir, "main"))
	main.commit(map[string]string{".gitattributes": "*.bin filter=lfs\n", "a.bin": pointer, "b/c": ""})
	main.link("lib", "file:///nowhere", strings.Repeat("1", 40))
	g, commit := parsed(t, main.url()), main.git("rev-parse", "HEAD")
	r := repositories(t)
	for _, tt := range []struct {
		git     Git
		commit  string
		wish    Wish
		lacking bool
	}{
		{g, commit, needing("lib"), true},
		{g, commit, needing("a.bin"), true},
		{g, commit, Wish{Submodules: []string{"nosuch"}, Counts: needing("b").Counts}, false},
		{g, strings.Repeat("2", 40), Wish{}, false},
	} {
		_, err := r.Fetch(t.Context(), tt.git, tt.commit, tt.wish)
		if err == nil || errors.Is(err, ErrLacking) != tt.lacking {
			t.Errorf("%v: %v", tt.wish, err)
		}
	}
	c, err := r.Fetch(t.Context(), g, commit, needing("b"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if len(c.Lacks) != 2 || Lacking(nil) != nil {
		t.Errorf("lacks %v", c.Lacks)
	}
	wantError(t, Lacking(c.Lacks[:1]), "cannot fetch "+main.url()+": cannot fetch its submodule lib: its address ")
	wantError(t, Lacking(c.Lacks[1:]), "cannot fetch "+main.url()+": git-lfs's pointers are in the place of a.bin: ")
	// Once there is a checkout, what keeps another attempt from it is one, too.
	if err := os.Rename(main.dir, main.dir+".away"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Fetch(t.Context(), g, commit, needing("lib")); !errors.Is(err, ErrLacking) {
		t.Errorf("error %v", err)
	}
}
