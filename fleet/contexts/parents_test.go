package contexts_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
)

// family is a child of images that may be of the fleet or not: under their versions, with an old one of
// each, and once under a name that begins like another.
var family = map[string]string{
	"images/app/Dockerfile.template":  "FROM scratch\n",
	"images/app/changelog":            entry("app", "1"),
	"images/tool/Dockerfile.template": "FROM scratch\n",
	"images/tool/changelog":           entry("tool", "2"),
	"images/kid/Dockerfile.template": "FROM {{ 'tool' | image_tag }}\nFROM {{ 'app' | image_tag }}\nFROM registry.example/team/app:0.9\n" +
		"FROM registry.example/team/app:1.0\nFROM elsewhere.example/x:3\nFROM registry.example/team/other\n",
	"images/kid/changelog": entry("kid", "1"),
	"config.yaml":          "registry: registry.example\nnamespace: team\n",
}

// TestSameReference: the same reference is the same content, whether the image is one of the fleet, or is
// left out and comes from base_images.
func TestSameReference(t *testing.T) {
	find := func(ref string) digests.Config { return digests.Config("sha256:" + ref) }
	f, s := read(t, family, contexts.Options{})
	kid := f.Lookup("kid")
	if len(kid.Named()) != 2 || len(kid.External) != 4 {
		t.Fatal(kid.Named(), kid.External)
	}
	marks := []inputs.Mark{}
	for _, m := range []inputs.Mark{{Inputs: "sha256:old"}, {Inputs: "2:sha256:new"}} {
		p := by(t, s, kid, m)[0].On(kid.MadeFrom(find))
		marks = append(marks, inputs.Mark{Inputs: p.Digest(), Definition: p.Definition()})
	}
	for _, exclude := range []string{"[app]", "[tool]", "[app, tool]"} {
		files := maps.Clone(family)
		files["config.yaml"] += "slipway: {exclude: " + exclude + "}\nbase_images: ['registry.example/team/app:1', 'registry.example/team/tool:2']\n"
		g, s := read(t, files, contexts.Options{})
		img := g.Lookup("kid")
		if f.Recipe(img).Dockerfile.Text != f.Recipe(kid).Dockerfile.Text {
			t.Fatal(f.Recipe(img).Dockerfile.Text)
		}
		for _, m := range marks {
			defined, same := false, false
			for _, p := range by(t, s, img, m) {
				p = p.On(img.MadeFrom(find))
				defined, same = defined || p.Definition() == m.Definition, same || p.Digest() == m.Inputs
			}
			if !defined || !same {
				t.Errorf("%s, %s: same definition: %v, same inputs: %v", exclude, m.Inputs, defined, same)
			}
		}
	}
	// Another version of any is other content.
	for old, version := range map[string]string{"app:0.9": "app:0.8", "x:3": "x:4", "other\n": "other:1\n"} {
		files := maps.Clone(family)
		files["images/kid/Dockerfile.template"] = strings.Replace(files["images/kid/Dockerfile.template"], old, version, 1)
		g, s := read(t, files, contexts.Options{})
		for _, m := range marks {
			if slices.ContainsFunc(by(t, s, g.Lookup("kid"), m), func(p inputs.Parts) bool {
				return p.On(g.Lookup("kid").MadeFrom(find)).Definition() == m.Definition
			}) {
				t.Errorf("%s: %s is as before", m.Inputs, version)
			}
		}
	}
}

// by are the parts of an image by the rules of a mark.
func by(t *testing.T, s *contexts.Set, img *fleet.Image, m inputs.Mark) []inputs.Parts {
	t.Helper()
	if err := s.Need(t.Context(), map[*fleet.Image][]inputs.Mark{img: {m}}); err != nil {
		t.Fatal(err)
	}
	return s.Images[img].By(m)
}

// TestWrittenTwice: a reference counts once, however it is written.
func TestWrittenTwice(t *testing.T) {
	img := &fleet.Image{Name: "kid", Ref: "registry.example/kid:1", External: []string{"registry.example/a", "registry.example/a:latest", "registry.example/b@sha256:0"}, OnBuild: []string{"registry.example/a:latest"}}
	parents := img.MadeFrom(func(string) digests.Config { return "d" })
	if diff := cmp.Diff([]inputs.Parent{
		{Name: "a", Ref: "registry.example/a:latest", Written: "registry.example/a", Digest: "d"},
		{Name: "a", Ref: "registry.example/a:latest", Written: "registry.example/a:latest", Digest: "d"},
		{Name: "registry.example/b@sha256:0", Ref: "registry.example/b@sha256:0"},
		{Name: "a", Ref: "registry.example/a:latest", Written: "registry.example/a:latest", Digest: "d", OnBuild: true},
	}, parents); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if (inputs.Parts{Scheme: inputs.Scheme}).On(parents).Digest() != (inputs.Parts{Scheme: inputs.Scheme}).On(parents[1:3]).Digest() {
		t.Error("it counts more than once")
	}
}
