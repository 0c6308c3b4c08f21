package source

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// link adds a submodule without git's own command, so that it can be anything.
func (r *repo) link(path, address, commit string) {
	r.t.Helper()
	r.git("update-index", "--add", "--cacheinfo", "160000,"+commit+","+path)
	r.git("config", "--file", ".gitmodules", "submodule."+path+".path", path)
	r.git("config", "--file", ".gitmodules", "submodule."+path+".url", address)
	r.git("add", ".gitmodules")
	r.git("commit", "--quiet", "--message=link")
}

func TestSubmodules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := smart(t, dir, "s3cret", false)
	with := strings.Replace(server.URL, "://", "://me:s3cret@", 1)
	open := daemon(t, dir)
	inner := newRepo(t, filepath.Join(dir, "deep", "inner"))
	old := inner.commit(map[string]string{"inner": "old"})
	inner.commit(map[string]string{"inner": "new"})
	middle := newRepo(t, filepath.Join(dir, "middle"))
	middle.commit(map[string]string{"m/run*": "x"})
	middle.link("in ner/here", "./../deep/inner", old) // not the newest
	main := newRepo(t, filepath.Join(dir, "main"))
	main.commit(map[string]string{"Dockerfile": "FROM scratch\n"})
	main.link("libs/middle", "../middle", middle.git("rev-parse", "HEAD"))
	main.link("other", open+"/middle", middle.git("rev-parse", "HEAD"))
	main.link("left/out", "https://none.invalid/x", old)
	main.git("config", "--file", ".gitmodules", "submodule.left/out.update", "none")
	main.git("add", ".gitmodules")
	main.git("commit", "--quiet", "--message=none")

	r := repositories(t)
	c, files := fetched(t, r, with+"/main")
	delete(files, ".gitmodules")
	for name := range files {
		if filepath.Base(name) == ".gitmodules" {
			delete(files, name)
		}
	}
	want := map[string]string{"Dockerfile": "FROM scratch\n",
		"libs/middle/m/run": "x", "libs/middle/in ner/here/inner": "old", "other/m/run": "x", "other/in ner/here/inner": "old"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(filepath.Join(c.Root, "left", "out")); err != nil || !info.IsDir() {
		t.Errorf("the submodule that is left out has no folder: %v", err)
	}
	if _, sub := fetched(t, r, with+"/main#main:libs/middle/m"); len(sub) != 1 {
		t.Errorf("a folder of a submodule: %v", sub)
	}
	data, err := os.ReadFile(filepath.Join(filepath.Dir(c.Root), entryFile))
	if err != nil || strings.Contains(string(data), "s3cret") {
		t.Errorf("%s, %v", data, err)
	}

	// A commit that is gone from the submodule's repository is said with both names.
	main.link("gone", "../middle", strings.Repeat("12", 20))
	g := parsed(t, with+"/main")
	_, err = r.Fetch(t.Context(), g, main.git("rev-parse", "HEAD"), Wish{})
	wantError(t, err, "cannot fetch "+server.URL+"/main: cannot fetch its submodule gone from "+server.URL+"/middle: the repository has no commit 1212")
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the password is in %v", err)
	}
}

func TestSubmodulesRefused(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("12", 20)
	number := 0
	for address, want := range map[string]string{
		"file:///etc":                      "is on this machine's disk, which submodules may not be",
		"/etc":                             "is on this machine's disk",
		"etc":                              "is on this machine's disk",
		"../sub":                           "is on this machine's disk", // the parent is file://
		"ext::sh -c id":                    "names a program for git to run",
		"-uid":                             "begins with a dash",
		"--upload-pack=id":                 "begins with a dash",
		"ssh://-oProxyCommand=id/x":        "begins with a dash",
		"../../../../../../../../../../x":  "leads out of file://",
		"https://host/x#main":              "has a branch or folder",
		"http://u:s3cret@example.com/x":    "in the clear",
		"https://u:s3cret@example.com/x?a": "has no query",
		"u:s3cret@example.com/x":           "is on this machine's disk",
		"":                                 "does not say where it is",
	} {
		number++ // an address in the name would come into the paths
		t.Run(strconv.Itoa(number), func(t *testing.T) {
			t.Parallel()
			main := newRepo(t, filepath.Join(t.TempDir(), "r"))
			main.link("sub", address, sha)
			r := repositories(t)
			_, err := r.Fetch(t.Context(), parsed(t, main.url()), main.git("rev-parse", "HEAD"), Wish{})
			wantError(t, err, "cannot fetch "+main.url()+": cannot fetch its submodule sub: ", want)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the password is in %v", err)
			}
		})
	}
}

// TestModulesFileIsBounded: a few kilobytes can become gigabytes of settings.
func TestModulesFileIsBounded(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	sha := strings.Repeat("12", 20)
	text := "[submodule \"sub\"]\n\tpath = sub\n\turl = https://none.invalid/x\n\tupdate = none\n"
	for _, test := range []struct {
		size int
		want string
	}{{1 << 20, ""}, {1<<20 + 1, "its .gitmodules has more than 1 MB"}} {
		data := text + strings.Repeat("\n", test.size-len(text))
		commit := main.raw(node{"100644", ".gitmodules", main.object("blob", []byte(data))}, node{"160000", "sub", sha})
		r := repositories(t)
		c, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{})
		if test.want != "" {
			wantError(t, err, "cannot fetch "+main.url()+": "+test.want)
		} else if err != nil {
			t.Fatal(err)
		} else {
			c.Close()
		}
	}
}

func TestRelative(t *testing.T) {
	for _, test := range []struct{ parent, address, want string }{
		{"https://u:p@host/a/b.git", "../c.git", "https://u:p@host/a/c.git"},
		{"https://host/a/b/", "../../c", "https://host/c"},
		{"https://host/a/b", "./c", "https://host/a/b/c"},
		{"https://host/a/b", "../../../c", ""},
		{"https://host/a/b", "../../../evil.example/c", ""},
		{"git@host:a/b", "../c", "git@host:a/c"},
		{"git@host:b", "../c", "git@host:c"},
		{"git@host:b", "../../c", ""},
		{"git@host:/srv/b", "../c", "git@host:/srv/c"},
		{"ssh://git@host:22/a/b", "../../c/d", "ssh://git@host:22/c/d"},
	} {
		got, err := relative(test.parent, test.address)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s of %s: got %q, %v", test.address, test.parent, got, err)
		}
	}
}

// TestFolderInPlaceOfSubmodule: a tree can have a submodule and a folder of the
// same name. Git takes a folder with the right names for a repository, and does
// what the settings there say.
func TestFolderInPlaceOfSubmodule(t *testing.T) {
	t.Parallel()
	dir, bin, evil := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "evil")
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	// An ssh that goes nowhere, and a git that writes down where it is run.
	for name, text := range map[string]string{
		"ssh": "for last; do :; done\neval \"$last\"\n",
		"git": "pwd >>'" + bin + "/folders'\nexec '" + git + "' \"$@\"\n",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	other := newRepo(t, filepath.Join(dir, "other"))
	commit := other.commit(map[string]string{"file": "", ".gitattributes": "file filter=far\n"})
	main := newRepo(t, filepath.Join(dir, "main"))
	main.commit(map[string]string{"x": ""})
	blob := func(text string) string { return main.object("blob", []byte(text)) }
	empty := main.tree(node{"100644", "x", blob("")})
	config := "[core]\n repositoryFormatVersion = 0\n bare = true\n sshCommand = \"ssh true; touch " + evil + "; ssh\"\n"
	fake := main.tree(node{"100644", "HEAD", blob("ref: refs/heads/main\n")}, node{"100644", "config", blob(config)},
		node{"40000", "objects", empty}, node{"40000", "refs", empty})
	modules := blob("[submodule \"sub\"]\n\tpath = sub\n\turl = ssh://host" + other.dir + "\n")
	// A filter that asks the server, as git-lfs's does.
	r := repositories(t, "PATH="+bin+":"+os.Getenv("PATH"), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=filter.far.smudge",
		`GIT_CONFIG_VALUE_0=eval "$GIT_SSH_COMMAND host true" && echo far`)
	r.Program = filepath.Join(bin, "git")
	fetch := func(commit string) error {
		c, err := r.Fetch(t.Context(), parsed(t, main.url()), commit, Wish{})
		if err == nil {
			defer c.Close()
			if data, err := os.ReadFile(filepath.Join(c.Root, "sub", "file")); err != nil || string(data) != "far\n" {
				t.Errorf("the submodule's file is %q, %v", data, err)
			}
		}
		return err
	}
	err = fetch(main.raw(node{"100644", ".gitmodules", modules}, node{"160000", "sub", commit}, node{"40000", "sub", fake}))
	if _, err := os.Stat(evil); err == nil {
		t.Error("the settings in the tree were used")
	}
	wantError(t, err, "cannot fetch "+main.url()+": cannot fetch its submodule sub: the repository has files of its own there, such as sub/")
	if err := fetch(main.raw(node{"100644", ".gitmodules", modules}, node{"160000", "sub", commit})); err != nil {
		t.Error(err)
	}
	folders, err := os.ReadFile(filepath.Join(bin, "folders"))
	if err != nil || len(folders) == 0 || strings.Contains(string(folders), "/"+treeDir) {
		t.Errorf("git was run in %s, %v", folders, err)
	}
}
