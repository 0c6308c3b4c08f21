package contexts_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
)

var example = map[string]string{
	"images/base/Dockerfile.template": "FROM scratch\nCOPY . /\n",
	"images/base/changelog":           entry("base", "1.1"),
	"images/base/file":                "content",
	"images/base/.dockerignore":       "ignored\n",
	"images/base/ignored":             "noise",
	"images/app/Dockerfile.template":  "FROM {{ 'base' | image_tag }}\nFROM elsewhere.example/tool:3\nRUN echo {{ word }}\n",
	"images/app/changelog":            entry("app", "2"),
	"images/app/control":              "Package: app\nBuild-Depends: base\n",
	"config.yaml":                     "registry: registry.example\nword: first\n",
}

func entry(name, version string) string {
	return name + " (" + version + ") stable; urgency=medium\n\n  * Change.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n"
}

// read writes the files into a new folder and reads the inputs of the fleet there.
func read(t *testing.T, files map[string]string, o contexts.Options) (*fleet.Fleet, *contexts.Set) {
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
		if err := os.Chmod(path, 0o644); err != nil { // whatever the umask is
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(config.Sources{File: filepath.Join(dir, "config.yaml"), FileExplicit: true, Env: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{
		Dir: filepath.Join(dir, "images"), Config: cfg, Platform: "linux/amd64",
		ParseDockerfile: func(data []byte, _ map[string]string, _ string) (fleet.Dockerfile, error) {
			var d fleet.Dockerfile
			for i, line := range strings.Split(string(data), "\n") {
				if ref, ok := strings.CutPrefix(line, "FROM "); ok && ref != "scratch" {
					d.Uses = append(d.Uses, fleet.Use{Ref: ref, Line: i + 1, Kind: "FROM"})
				}
			}
			return d, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Level = 1
	set, err := contexts.Read(t.Context(), f, o)
	if err != nil {
		t.Fatal(err)
	}
	return f, set
}

// digestsOf are of the images by the rules of a mark: the present ones, all of the context, without one.
func digestsOf(t *testing.T, f *fleet.Fleet, s *contexts.Set, m inputs.Mark) map[string]string {
	t.Helper()
	marks := map[*fleet.Image][]inputs.Mark{}
	for _, img := range f.Images {
		marks[img] = []inputs.Mark{m}
	}
	if err := s.Need(t.Context(), marks); err != nil || len(s.Errors) > 0 {
		t.Fatal(err, s.Errors)
	}
	out := map[string]string{}
	for _, img := range f.Images {
		parents := img.MadeFrom(func(ref string) digests.Config { return digests.Config("digest of " + ref) })
		out[img.Name] = string(s.Images[img].By(m)[0].On(parents).Digest())
	}
	return out
}

// TestDigestGolden: a digest that changes makes every fleet build everything again. If that is meant,
// raise engine.Level; if not, this test has found it.
func TestDigestGolden(t *testing.T) {
	f, s := read(t, example, contexts.Options{})
	for _, tt := range []struct {
		rules string
		mark  inputs.Mark
		want  map[string]string
	}{
		{"first", inputs.Mark{Inputs: "sha256:some"}, map[string]string{
			"app":  "sha256:06b382b47d17cfc1a20c4421a41151b6e51b18a6f4162211bbd50eda6ba34d40",
			"base": "sha256:bebc9321b48cd9663d0b8671f72a16c72e67a75357b77511413f85bc85419c64",
		}},
		{"all files", inputs.Mark{}, map[string]string{
			"app":  "2:sha256:5dc8536b31fb8863f8a5c9edce63e7d3f69d6b2f9ddb48592ae8ee4cde1c141f",
			"base": "2:sha256:04cf035cbf4d1f5cb2478a6538d5b196a7532fa28474ab0842b24b625db54c93",
		}},
		{"some files", inputs.Mark{Followed: `{"context":["file"]}`}, map[string]string{
			"app":  "2:sha256:4af075de0b8ba0f47cac305b6bb86d732fdad7bc6e5924f34a02f185446379e3",
			"base": "2:sha256:0186eee0f4e0c45dc8c796e37a3bc9b59a041a13517a1e02e5cae559420e425b",
		}},
	} {
		if diff := cmp.Diff(tt.want, digestsOf(t, f, s, tt.mark)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.rules, diff)
		}
	}
}

func TestWhatCounts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		edit    map[string]string
		changes string // names of the images, joined
	}{
		{"nothing", nil, ""},
		{"ignored file", map[string]string{"images/base/ignored": "other"}, ""},
		{"file beside the fleet", map[string]string{"notes": "x"}, ""},
		{"a folder of another image", map[string]string{"images/app/new": "x"}, "app"},
		{"content", map[string]string{"images/base/file": "other"}, "base"},
		{"a variable", map[string]string{"config.yaml": "registry: registry.example\nword: second\n"}, "app"},
		{"a variable nobody uses", map[string]string{"config.yaml": "registry: registry.example\nword: first\nother: 1\n"}, ""},
		{"the parent's version", map[string]string{"images/base/changelog": entry("base", "1.10")}, "app base"},
		{"another registry", map[string]string{"config.yaml": "registry: other.example\nword: first\n"}, "app"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, s := read(t, example, contexts.Options{})
			before := digestsOf(t, f, s, inputs.Mark{})
			files := maps.Clone(example)
			maps.Copy(files, tt.edit)
			f, s = read(t, files, contexts.Options{})
			after := digestsOf(t, f, s, inputs.Mark{})
			var changed []string
			for _, name := range []string{"app", "base"} {
				if before[name] != after[name] {
					changed = append(changed, name)
				}
			}
			if got := strings.Join(changed, " "); got != tt.changes {
				t.Errorf("changed: %q, want %q", got, tt.changes)
			}
		})
	}
}

// TestParentsVersionIsNoTextOfTheDockerfile: it is told by the parents alone, so that the reason names
// the parent, and a version that another begins with is no confusion.
func TestParentsVersionIsNoTextOfTheDockerfile(t *testing.T) {
	files := maps.Clone(example)
	f, s := read(t, files, contexts.Options{})
	files["images/base/changelog"] = entry("base", "1.10")
	g, u := read(t, files, contexts.Options{})
	before, after := s.Images[f.Lookup("app")], u.Images[g.Lookup("app")]
	if before.Dockerfile != after.Dockerfile || before.Tree != after.Tree {
		t.Errorf("the Dockerfile differs: %v %v", before, after)
	}
	parents := f.Lookup("app").MadeFrom(func(string) digests.Config { return "" })
	want := []inputs.Parent{{Name: "base", Ref: "registry.example/base:1.1"}, {Name: "elsewhere.example/tool:3", Ref: "elsewhere.example/tool:3"}}
	if diff := cmp.Diff(want, parents); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestLearned: what one look learns, the next one knows; what it cannot read is that image's error.
func TestLearned(t *testing.T) {
	f, s := read(t, example, contexts.Options{})
	learned := s.Learned()
	if len(learned) != 2 || len(s.Errors) != 0 {
		t.Fatalf("%v %v", learned, s.Errors)
	}
	known := map[string]contexts.Known{}
	for _, c := range learned {
		known[c.Folder] = c
	}
	base := known[f.Folder(f.Lookup("base"))]
	if base.Digests["tree"] == "" || len(base.Stamp) > 0 && len(base.Entries) == 0 {
		t.Errorf("%+v", base)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(f.Folder(f.Lookup("app")), "link")); err != nil {
		t.Fatal(err)
	}
	again, err := contexts.Read(t.Context(), f, contexts.Options{Level: 1})
	if err != nil || len(again.Errors) != 1 || !strings.Contains(again.Errors[f.Lookup("app")].Error(), "outside of the fleet's folder") {
		t.Errorf("%v %v", err, again.Errors)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := contexts.Read(ctx, f, contexts.Options{}); err == nil {
		t.Error("a cancelled context is no error")
	}
}
