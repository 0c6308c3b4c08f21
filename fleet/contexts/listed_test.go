package contexts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/fleet/source"
)

// repository makes a git repository with the files in one commit, and returns its address.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"commit", "-q", "-m", "First"}} {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=F", "-c", "user.email=f@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return "file://" + dir
}

// listedParts are the inputs of images of the configuration's list.
func listedParts(t *testing.T, list ...config.Listed) map[string]inputs.Parts {
	t.Helper()
	for i := range list {
		list[i].Base, list[i].Path, list[i].Line, list[i].Tags = t.TempDir(), "config.yaml", i+1, []string{"1"}
		if list[i].Dockerfile == "" {
			list[i].Dockerfile = "Dockerfile"
		}
	}
	found, release, err := fleet.FindListed(t.Context(), list, source.New(t.TempDir(), "git"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Config: config.Default(), Platform: "linux/amd64", Listed: found})
	if err != nil {
		t.Fatal(err)
	}
	set, err := contexts.Read(t.Context(), f, contexts.Options{Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]inputs.Parts{}
	for _, img := range f.Images {
		if err := set.Errors[img]; img.Err != nil || err != nil {
			t.Fatal(img.Err, err)
		}
		parts[img.Name] = set.Images[img].Under("")
	}
	return parts
}

// TestPartsOfCheckout: less than all of a commit is other content, by the present rules and by the old.
func TestPartsOfCheckout(t *testing.T) {
	url := repository(t, map[string]string{"Dockerfile": "FROM scratch\n"})
	parts := listedParts(t, config.Listed{Name: "x", From: url}, config.Listed{Name: "y", From: url, Submodules: []string{}}, config.Listed{Name: "z", From: url, NoFilters: true})
	seen, old := map[string]string{}, map[string]string{}
	for name, p := range parts {
		if other := seen[string(p.Digest())]; other != "" {
			t.Errorf("%s is %s", name, other)
		}
		seen[string(p.Digest())] = name
		p.Scheme = 0
		if other := old[p.Definition()]; other != "" {
			t.Errorf("by the old rules %s is %s", name, other)
		}
		old[p.Definition()] = name
	}
	if parts["x"].Checkout != "" || parts["y"].Checkout != "submodules=" || parts["z"].Checkout != "filters=no" {
		t.Errorf("%+v", parts)
	}
}

// TestFolderOfRepository: the same commit holds different contexts.
func TestFolderOfRepository(t *testing.T) {
	url := repository(t, map[string]string{
		"Dockerfile": "FROM scratch\n", "web/Dockerfile": "FROM scratch\n", "web/file": "web", "api/Dockerfile": "FROM scratch\n", "api/file": "api",
	})
	parts := listedParts(t, config.Listed{Name: "root", From: url}, config.Listed{Name: "web", From: url + "#main:web"},
		config.Listed{Name: "slash", From: url + "#:web/"}, config.Listed{Name: "api", From: url + "#main:api"})
	if parts["root"].Commit == "" || parts["root"].Commit != parts["api"].Commit || parts["root"].Folder != "" || parts["api"].Folder != "api" {
		t.Errorf("%+v", parts)
	}
	if parts["web"].Digest() == parts["api"].Digest() || parts["web"].Digest() == parts["root"].Digest() {
		t.Errorf("different folders, the same digest: %+v", parts)
	}
	if parts["web"].Digest() != parts["slash"].Digest() {
		t.Errorf("the same folder, another digest: %+v", parts)
	}
}

// TestIgnoreFileOfCommit: which files are left out is no part of the commit.
func TestIgnoreFileOfCommit(t *testing.T) {
	url := repository(t, map[string]string{
		"Dockerfile": "FROM scratch\n", "same": "FROM scratch\n", "other": "FROM scratch\n", "other.dockerignore": "*\n",
	})
	parts := listedParts(t, config.Listed{Name: "plain", From: url}, config.Listed{Name: "same", From: url, Dockerfile: "same"},
		config.Listed{Name: "other", From: url, Dockerfile: "./other"})
	if parts["plain"].Digest() != parts["same"].Digest() {
		t.Errorf("the same context, another digest: %+v", parts)
	}
	if parts["plain"].Digest() == parts["other"].Digest() {
		t.Errorf("other files are left out, the same digest: %+v", parts)
	}
}
