package fleet_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/source"
	"github.com/slipway-build/slipway/recipe"
)

const lfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"

// lackingRepo has a pointer that no filter makes a file of, a submodule that is nowhere, and Dockerfiles
// that need the one or the other themselves.
func lackingRepo(t *testing.T) string {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	repo := filepath.Join(t.TempDir(), "repo")
	for name, text := range map[string]string{
		".gitattributes": "*.bin filter=lfs\npointer/* filter=lfs\n",
		".gitmodules":    "[submodule \"lib\"]\n\tpath = lib\n\turl = file:///nowhere\n",
		"Dockerfile":     "FROM scratch\nCOPY text /\n", "text": "", "docs/pic.bin": lfsPointer,
		"pointer/Dockerfile": lfsPointer,
		"out/Dockerfile":     "FROM scratch\nCOPY . /\n", "out/Dockerfile.dockerignore": "docs\npointer\nlib\n",
	} {
		put(t, filepath.Join(repo, name), text, 0o644)
	}
	gitIn(t, repo, "init", "-q")
	gitIn(t, repo, "add", ".")
	gitIn(t, repo, "update-index", "--add", "--cacheinfo", "160000,1111111111111111111111111111111111111111,lib")
	gitIn(t, repo, "commit", "-qm", "one")
	return repo
}

// asking finds one entry and returns its image, and how often git was run for it.
func asking(t *testing.T, repositories *source.Repositories, entry config.Listed) (*fleet.Fleet, *fleet.Image, int) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	repositories.Program = log + ".sh"
	put(t, repositories.Program, "#!/bin/sh\necho \"$*\" >> "+log+"\nexec git \"$@\"\n", 0o755)
	found, release, err := fleet.FindListed(t.Context(), []config.Listed{entry}, repositories, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Config: config.Default(), Listed: found})
	if err != nil || len(f.Images) != 1 {
		t.Fatal(f, err)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return f, f.Images[0], bytes.Count(data, []byte("fetch --progress"))
}

// TestLacking: what a repository does not give is an error of those alone who take it, and who was found
// to do without a submodule does not ask for it again.
func TestLacking(t *testing.T) {
	repositories := source.New(t.TempDir(), "git")
	entry := config.Listed{Name: "app", From: "file://" + lackingRepo(t), Dockerfile: "Dockerfile", Tags: []string{"1"}}
	f, img, fetched := asking(t, repositories, entry)
	if img.Err != nil || fetched < 2 {
		t.Fatalf("%d fetched: %v", fetched, img.Err)
	}
	tree, err := f.Context(img)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for _, tt := range []struct {
		takes []recipe.Use
		want  string
	}{
		{nil, ""},
		{[]recipe.Use{recipe.NewUse("text")}, ""},
		{[]recipe.Use{recipe.NewUse("docs")}, "git-lfs's pointers are in the place of docs/pic.bin: "},
		{[]recipe.Use{{Path: "d*/*.bin", Wildcard: true}}, "git-lfs's pointers are in the place of docs/pic.bin: "},
		{[]recipe.Use{recipe.NewUse("lib/file")}, "cannot fetch its submodule lib: "},
		{[]recipe.Use{recipe.NewUse(".")}, "cannot fetch its submodule lib: "},
		{[]recipe.Use{{Path: ".", Exclude: []string{"lib", "docs", "pointer"}}}, ""},
	} {
		err := f.Lacking(img, tree, recipe.Followed{Known: true, Context: tt.takes})
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v", tt.takes, err)
		}
	}
	if err := f.Lacking(img, tree, recipe.Followed{}); err == nil {
		t.Error("nobody knows what the build takes, and it goes on")
	}

	if _, _, fetched := asking(t, repositories, entry); fetched == 0 {
		t.Error("nobody has found out that the image does without, and nobody asked again")
	}
	f.Settled(img, true)
	f, again, fetched := asking(t, repositories, entry)
	if again.Err != nil || fetched != 0 || f.MayLack(again, recipe.Followed{}) == nil {
		t.Errorf("%d fetched for who does without: %v", fetched, again.Err)
	}
	other := entry
	other.Args = map[string]string{"a": "b"}
	if _, _, fetched := asking(t, repositories, other); fetched == 0 {
		t.Error("with other arguments an image may take other files, and nobody asked again")
	}
	f.Settled(again, false)
	if _, _, fetched := asking(t, repositories, entry); fetched == 0 {
		t.Error("the build failed for it, and nobody asked again")
	}
}

// TestLackingNeeded: without its Dockerfile, its test or the list of files to leave out there is no image.
func TestLackingNeeded(t *testing.T) {
	repositories := source.New(t.TempDir(), "git")
	repo := "file://" + lackingRepo(t)
	for _, tt := range []struct {
		entry config.Listed
		want  string
	}{
		{config.Listed{Dockerfile: "pointer/Dockerfile"}, "in the place of pointer/Dockerfile: "},
		{config.Listed{Dockerfile: "Dockerfile", Test: "docs/pic.bin"}, "in the place of docs/pic.bin: "},
		{config.Listed{From: repo + "#:lib", Dockerfile: "Dockerfile"}, "cannot fetch its submodule lib: "},
		{config.Listed{Dockerfile: "out/Dockerfile"}, ""},
	} {
		tt.entry.Name, tt.entry.Tags = "app", []string{"1"}
		if tt.entry.From == "" {
			tt.entry.From = repo
		}
		f, img, _ := asking(t, repositories, tt.entry)
		if (img.Err != nil) != (tt.want != "") || img.Err != nil && !strings.Contains(img.Err.Error(), tt.want) {
			t.Errorf("%v: %v", tt.entry, img.Err)
		}
		if err := f.MayLack(img, recipe.Followed{}); img.Err == nil && err != nil {
			t.Errorf("%v: all that is missing is left out, and yet %v", tt.entry, err)
		}
	}
}
