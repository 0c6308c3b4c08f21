package source

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFetchAgain(t *testing.T) {
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	_, last := main.fill()
	r := repositories(t)
	g := parsed(t, main.url()+"#main:sub")
	fetched(t, r, main.url())
	r.Program = "/nonexistent/git"
	if err := os.RemoveAll(main.dir); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	const times = 20
	for range times {
		c, err := r.Fetch(t.Context(), g, strings.ToUpper(last), Wish{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"Dockerfile": "FROM sub\n"}, tree(t, c.Dir)); diff != "" {
			t.Error(diff)
		}
		c.Close()
	}
	if took := time.Since(start) / times; took > 5*time.Millisecond {
		t.Errorf("a fetched commit takes %s", took)
	}
	_, err := r.Resolve(t.Context(), parsed(t, main.url()))
	wantError(t, err, "cannot find the program git", "\nhint: `apt-get install git`")
	_, err = r.Fetch(t.Context(), parsed(t, main.url()+"-other"), last, Wish{})
	wantError(t, err, "cannot find the program git") // another repository's files are not its own
}

// TestUmask: the files are the same whatever the umask, the user's settings
// and the user's locale are.
func TestUmask(t *testing.T) { // not parallel: the umask is the process's
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	main.commit(map[string]string{"a": "line\n", "run*": "", "d/e": "", "link": "->a", "crlf": "a\r\nb\n", "text": "ident $Id$\n",
		".gitattributes": "text text ident\nsecret export-ignore\n", "secret": "s"})
	config := filepath.Join(t.TempDir(), "config")
	text := "[core]\n autocrlf = true\n eol = crlf\n symlinks = false\n attributesFile = " + config + ".attr\n[fetch]\n prune = true\n recurseSubmodules = true\n[submodule]\n recurse = true\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config+".attr", []byte("a eol=crlf\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	for _, mask := range []int{0o022, 0o077, 0o002, 0o027} {
		var env []string
		if mask == 0o077 {
			env = []string{"GIT_CONFIG_GLOBAL=" + config, "LC_ALL=de_DE.UTF-8", "GIT_DIR=/nonexistent", "GIT_INDEX_FILE=/nonexistent"}
		}
		r := repositories(t, env...)
		old := syscall.Umask(mask)
		c, files := fetched(t, r, main.url())
		syscall.Umask(old)
		for name := range files {
			info, err := os.Lstat(filepath.Join(c.Root, name))
			if err != nil {
				t.Fatal(err)
			}
			files[name] = info.Mode().String() + " " + files[name]
			if info.Mode().IsRegular() && !info.ModTime().Equal(c.Time) {
				t.Errorf("%s is of %s, not of the commit's time", name, info.ModTime())
			}
		}
		for _, dir := range []string{".", "d"} {
			info, err := os.Stat(filepath.Join(c.Root, dir))
			if err != nil {
				t.Fatal(err)
			}
			files[dir] = info.Mode().String() + info.ModTime().String()
		}
		if want == nil {
			want = files
			for name, mode := range map[string]string{"a": "-rw-r--r-- line\n", "run": "-rwxr-xr-x ", "crlf": "-rw-r--r-- a\r\nb\n", "secret": "-rw-r--r-- s"} {
				if files[name] != mode {
					t.Errorf("%s is %q", name, files[name])
				}
			}
		}
		if diff := cmp.Diff(want, files); diff != "" {
			t.Errorf("umask %o: %s", mask, diff)
		}
	}
}

// TestServersThatGiveNoCommits: the whole history is fetched from them.
func TestServersThatGiveNoCommits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := newRepo(t, filepath.Join(dir, "r"))
	first, last := main.fill()
	middle := main.commit(map[string]string{"m": ""})
	main.commit(map[string]string{"n": ""})
	main.git("branch", "--delete", "old")
	main.git("tag", "--delete", "light", "heavy")
	main.git("update-server-info")
	files := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(files.Close)
	old := []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.version", "GIT_CONFIG_VALUE_0=0"}
	for name, test := range map[string]struct {
		url string
		env []string
	}{"protocol 0": {main.url(), old}, "plain files": {files.URL + "/r/.git", nil}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := repositories(t, test.env...)
			for _, commit := range []string{first, last, middle} {
				c, err := r.Fetch(t.Context(), parsed(t, test.url), commit, Wish{})
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
			}
			_, err := r.Fetch(t.Context(), parsed(t, test.url+"#main"), strings.Repeat("ab", 20), Wish{})
			wantError(t, err, "cannot fetch "+test.url+"#main: the repository has no commit abab", "\nhint: its branch may have been overwritten")
		})
	}
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	first, last := main.fill()
	r := repositories(t)
	fetch := func(from, commit string, want ...string) {
		t.Helper()
		_, err := r.Fetch(t.Context(), parsed(t, main.url()+from), commit, Wish{})
		wantError(t, err, append(want, "cannot fetch "+main.url()+from+": ")...)
		if errors.Is(err, ErrTransient) {
			t.Errorf("transient: %v", err)
		}
	}
	fetch("#main", strings.Repeat("cd", 20), "the repository has no commit cdcd", "\nhint: its branch may have been")
	fetch("#heavy", main.git("rev-parse", "heavy"), "is the id of a tag, not of a commit")
	fetch("#main", main.git("rev-parse", "main^{tree}"), "is the id of a tree, not of a commit")
	fetch("#main:none", last, "the repository has no folder none at this commit")
	fetch("#main:Dockerfile", last, "Dockerfile is not a folder of the repository")
	fetch("#main:link/none", last, "no folder link/none")
	// What was resolved stays there after the branch has moved on, for the server still has it.
	main.git("reset", "--quiet", "--hard", first)
	if _, files := fetched(t, r, main.url()+"#"+last); files["Dockerfile"] != "FROM last\n" {
		t.Error("not the commit that was asked for")
	}
	if names := unfinished(t, r); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	main.fill()
	r := repositories(t)
	var mu sync.Mutex
	var lines []string
	r.Progress = func(g Git, line string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, g.String()+" "+line)
	}
	fetched(t, r, main.url())
	if text := strings.Join(lines, "\n"); !strings.Contains(text, main.url()+" remote: Counting objects: 100%") {
		t.Errorf("progress: %s", text)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	first, last := main.fill()
	middle := main.commit(map[string]string{"m": ""})
	r := repositories(t)
	open := map[string]Checkout{}
	for _, commit := range []string{first, middle, last} {
		c, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{})
		if err != nil {
			t.Fatal(err)
		}
		open[commit] = c
	}
	killed := filepath.Join(r.Cache, tempPrefix+filepath.Base(filepath.Dir(open[first].Root))+".123")
	stranger := filepath.Join(r.Cache, "notes")
	for _, dir := range []string{killed, stranger} {
		if err := os.MkdirAll(filepath.Join(dir, "x"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	prune := func(want int, keep ...string) {
		t.Helper()
		if n, err := r.Prune(t.Context(), keep...); err != nil || n != want {
			t.Errorf("%d checkouts are removed, not %d: %v", n, want, err)
		}
	}
	exists := func(path string) bool { _, err := os.Stat(path); return err == nil }
	open[first].Close()
	open[last].Close()
	prune(1, first) // last; middle is open
	if !exists(open[first].Root) || !exists(open[middle].Root) || exists(open[last].Root) {
		t.Error("the wrong checkouts are removed")
	}
	if exists(killed) || !exists(stranger) {
		t.Error("what a killed process left stays, or something else went")
	}
	open[middle].Close()
	prune(2)
	prune(0)
	names, err := filepath.Glob(filepath.Join(r.Cache, "*"))
	if err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if _, files := fetched(t, r, main.url()); len(files) == 0 {
		t.Error("nothing is fetched after Prune")
	}
}
