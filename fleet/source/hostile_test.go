package source

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// object writes any object, also one that git itself would not make.
func (r *repo) object(kind string, data []byte) string {
	r.t.Helper()
	cmd := exec.Command("git", "hash-object", "-t", kind, "-w", "--stdin", "--literally")
	cmd.Dir = r.dir
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// node is an entry of a tree object.
type node struct{ mode, name, id string }

// raw commits a tree object of these entries, in this order.
func (r *repo) raw(nodes ...node) string {
	r.t.Helper()
	return r.commitTree(r.tree(nodes...))
}

func (r *repo) commitTree(tree string) string {
	r.t.Helper()
	id := r.git("commit-tree", "-m", "raw", tree)
	r.git("update-ref", "refs/heads/main", id)
	return id
}

func (r *repo) tree(nodes ...node) string {
	var data bytes.Buffer
	for _, n := range nodes {
		fmt.Fprintf(&data, "%s %s\x00", n.mode, n.name)
		for i := 0; i < len(n.id); i += 2 {
			var b byte
			fmt.Sscanf(n.id[i:i+2], "%02x", &b)
			data.WriteByte(b)
		}
	}
	return r.object("tree", data.Bytes())
}

// TestHostileTrees: trees that lead out of the checkout are refused, and
// nothing is written outside.
func TestHostileTrees(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make func(r *repo, outside string) string
		from string
		want string
	}{
		".git": {func(r *repo, _ string) string {
			hook := r.object("blob", []byte("#!/bin/sh\ntouch evil\n"))
			return r.raw(node{"40000", ".git", r.tree(node{"100755", "config", hook})})
		}, "", "invalid path '.git/config'"},
		".GIT": {func(r *repo, _ string) string {
			return r.raw(node{"40000", ".GIT", r.tree(node{"100644", "config", r.object("blob", nil)})})
		}, "", "invalid path"},
		"..": {func(r *repo, _ string) string {
			return r.raw(node{"40000", "..", r.tree(node{"100644", "evil", r.object("blob", nil)})})
		}, "", "invalid path"},
		"through a link": {func(r *repo, outside string) string {
			return r.raw(node{"120000", "a", r.object("blob", []byte(outside))}, node{"40000", "a", r.tree(node{"100644", "evil", r.object("blob", nil)})})
		}, "", ""},
		"folder is a link": {func(r *repo, outside string) string {
			return r.commit(map[string]string{"a": "->" + outside})
		}, "#main:a", "cannot use folder a of the repository"},
		"folder is a relative link": {func(r *repo, _ string) string {
			return r.commit(map[string]string{"d/a": "->../../../../.."})
		}, "#main:d/a", "cannot use folder d/a of the repository"},
		"submodule below a link": {func(r *repo, outside string) string {
			modules := "[submodule \"x\"]\n\tpath = a/b\n\turl = https://none.invalid/x\n"
			return r.raw(node{"100644", ".gitmodules", r.object("blob", []byte(modules))},
				node{"120000", "a", r.object("blob", []byte(outside))},
				node{"40000", "a", r.tree(node{"160000", "b", strings.Repeat("12", 20)})})
		}, "", ""},
		"submodules as a link": {func(r *repo, outside string) string {
			return r.raw(node{"120000", ".gitmodules", r.object("blob", []byte("/etc/passwd"))}, node{"160000", "b", strings.Repeat("12", 20)})
		}, "", "invalid path '.gitmodules'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outside := t.TempDir()
			main := newRepo(t, filepath.Join(t.TempDir(), "r"))
			main.commit(map[string]string{"x": ""})
			commit := test.make(main, outside)
			r := repositories(t)
			c, err := r.Fetch(t.Context(), parsed(t, main.url()+test.from), commit, Wish{})
			if err == nil && test.want != "" {
				t.Errorf("no error; got %v", tree(t, c.Root))
			} else if err != nil {
				wantError(t, err, "cannot fetch "+main.url()+test.from+": ", test.want)
			}
			if found := tree(t, outside); len(found) > 0 {
				t.Errorf("written outside: %v", found)
			}
			if found := tree(t, filepath.Dir(r.Cache)); strings.Contains(fmt.Sprint(found), "evil:") && test.want != "" {
				t.Errorf("written: %v", found)
			}
		})
	}
}

// TestBombs: a few kilobytes that would fill any disk.
func TestBombs(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	main.commit(map[string]string{"x": ""})
	double := func(kind, mode, id string) string {
		for range 40 {
			id = main.tree(node{mode, "a", id}, node{mode, "b", id})
			mode = "40000"
		}
		return main.commitTree(id)
	}
	files := double("blob", "100644", main.object("blob", nil))
	folders := double("tree", "40000", main.tree())
	data := main.raw(node{"100644", "zero", main.object("blob", make([]byte, 3<<20))})
	r := repositories(t)
	r.MaxFiles, r.MaxBytes = 10_000, 2<<20
	for commit, want := range map[string]string{files: "more than 10000 files and folders", folders: "more than 10000 files and folders", data: "more than 2 MB"} {
		_, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{})
		wantError(t, err, "cannot fetch "+main.url()+": the repository has "+want)
	}
	// What does not compress is stopped while it is downloaded.
	dir := t.TempDir()
	_, commit := large(t, filepath.Join(dir, "r"))
	address, _ := proxy(t, daemon(t, dir), 3<<20)
	_, err := r.Fetch(t.Context(), parsed(t, address+"/r"), commit, Wish{})
	wantError(t, err, "the repository has more than 2 MB")
	if errors.Is(err, ErrTransient) {
		t.Error("a large repository is no transient fault")
	}
}

// TestFiltersAreBounded: what filters such as git-lfs's write is in no tree's sizes.
func TestFiltersAreBounded(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	commit := main.commit(map[string]string{".gitattributes": "file* filter=grow\n", "file1": "", "file2": "", "file3": "", "file4": "", "file5": ""})
	for name, smudge := range map[string]string{
		"at once":               "head -c 1000000 /dev/zero",
		"while files are made":  "head -c 3000000 /dev/zero; test %f = file1 || sleep 60",
		"beside the files":      `head -c 3000000 /dev/zero >"$GIT_DIR/object"; sleep 60`,
		"not larger than bound": "head -c 400000 /dev/zero",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := repositories(t, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=filter.grow.smudge", "GIT_CONFIG_VALUE_0="+smudge)
			r.MaxBytes = 2 << 20
			r.FetchTimeout = 20 * time.Second
			c, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{})
			if name == "not larger than bound" {
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
				return
			}
			wantError(t, err, "cannot fetch "+main.url()+": the repository has more than 2 MB")
			if names, err := os.ReadDir(r.Cache); err != nil || len(names) != 1 {
				t.Errorf("left behind: %v, %v", names, err)
			}
		})
	}
}

// TestNothingRuns: neither hooks, nor templates, nor what the folder below
// which slipway runs has in its .git.
func TestNothingRuns(t *testing.T) {
	t.Parallel()
	evil := filepath.Join(t.TempDir(), "evil")
	hooks := t.TempDir()
	for _, hook := range []string{"post-checkout", "reference-transaction", "post-index-change", "post-merge", "fsmonitor"} {
		if err := os.WriteFile(filepath.Join(hooks, hook), []byte("#!/bin/sh\ntouch "+evil+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	template := t.TempDir()
	if err := os.Symlink(hooks, filepath.Join(template, "hooks")); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config")
	text := "[core]\n hooksPath = " + hooks + "\n fsmonitor = " + hooks + "/fsmonitor\n[init]\n templateDir = " + template + "\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	main.fill()
	r := repositories(t, "GIT_CONFIG_GLOBAL="+config, "GIT_TEMPLATE_DIR="+template)
	fetched(t, r, main.url())
	if _, err := os.Stat(evil); err == nil {
		t.Error("something ran")
	}
}

// TestRedirect: a server cannot send git elsewhere than to HTTP, nor from
// HTTPS to HTTP.
func TestRedirect(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	main.fill()
	reached := make(chan struct{}, 10)
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	t.Cleanup(plain.Close)
	for _, to := range []string{main.url(), "ext::sh -c id", plain.URL} {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Location", to+req.URL.Path+"?"+req.URL.RawQuery)
			w.WriteHeader(http.StatusFound)
		}))
		t.Cleanup(server.Close)
		_, err := repositories(t, "GIT_SSL_NO_VERIFY=1").Resolve(t.Context(), parsed(t, server.URL+"/r"))
		wantError(t, err, "cannot look up "+server.URL+"/r: ")
	}
	select {
	case <-reached:
		t.Error("git went from https to http")
	default:
	}
}

// TestUserSettings: insteadOf and filters such as git-lfs's work, but what
// insteadOf adds is not shown.
func TestUserSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := newRepo(t, filepath.Join(dir, "r"))
	main.commit(map[string]string{"big": "pointer\n", ".gitattributes": "big filter=upper\n"})
	server := smart(t, dir, "s3cret", false)
	setting := func(password string) []string {
		base := strings.Replace(server.URL, "://", "://me:"+password+"@", 1)
		return []string{"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=url." + base + "/.insteadOf", "GIT_CONFIG_VALUE_0=http://example.com/",
			"GIT_CONFIG_KEY_1=filter.upper.smudge", "GIT_CONFIG_VALUE_1=tr a-z A-Z"}
	}
	_, files := fetched(t, repositories(t, setting("s3cret")...), "http://example.com/r")
	if diff := cmp.Diff(map[string]string{"big": "POINTER\n", ".gitattributes": "big filter=upper\n"}, files); diff != "" {
		t.Error(diff)
	}
	_, err := repositories(t, setting("wr0ng-one")...).Resolve(t.Context(), parsed(t, "http://example.com/r"))
	wantError(t, err, "Authentication failed")
	if strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("the password is in %v", err)
	}
	// A narrower list of protocols stays narrower.
	_, err = repositories(t, "GIT_ALLOW_PROTOCOL=https").Resolve(t.Context(), parsed(t, server.URL+"/r"))
	wantError(t, err, "transport 'http' not allowed", "\nhint: ")
}
