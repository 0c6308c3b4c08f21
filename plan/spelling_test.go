package plan_test

import (
	"strings"
	"testing"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
)

// TestSpellings: an image from elsewhere is found however it is written.
func TestSpellings(t *testing.T) {
	for written, stored := range map[string]string{
		"base": "docker.io/library/base:latest", "docker.io/base:1": "docker.io/library/base:1", "library/base": "docker.io/library/base:latest",
		"elsewhere.example/base": "elsewhere.example/base:latest", "index.docker.io/a/b": "docker.io/a/b:latest", "base:1": "base:1",
	} {
		h := newHarbour(t, "app:1")
		h.facts.Published = nil
		img := h.image("app")
		img.External = []string{written}
		h.facts.Images[stored] = plan.StoredImage{ID: "sha256:1", Manifest: "m1"}
		parts := h.facts.Inputs[img].Under("").On([]inputs.Parent{{Name: written, Ref: written, Digest: "sha256:1"}})
		h.facts.Images[img.Ref] = plan.StoredImage{ID: "sha256:2", Tested: true, Inputs: parts.Digest()}
		if got := text(h.plan(plan.Options{}))[0]; !strings.HasPrefix(got, "app: up to date") {
			t.Errorf("%s: %s", written, got)
		}
		h.facts.Bases = map[string]plan.BaseImage{written: {Digest: "m1", ID: "sha256:1"}}
		p := h.plan(plan.Options{Force: func(*fleet.Image) bool { return true }})
		if len(p.Refresh) > 0 {
			t.Errorf("%s is fetched, and is there", written)
		}
		h.facts.Published = map[string]plan.PublishedImage{img.Ref: {Digest: "m2", Base: stored, BaseDigest: "m0", Mark: inputs.Mark{Definition: parts.Definition()}}}
		if got := text(h.make(plan.Options{}))[0]; !strings.Contains(got, "its base "+written+" is newer now") {
			t.Errorf("%s: %s", written, got)
		}
	}
}

// TestDigestSaysAll: what a digest names is the same wherever it is.
func TestDigestSaysAll(t *testing.T) {
	h := newHarbour(t, "app:1")
	h.image("app").External = []string{"base@sha256:1"}
	for _, p := range h.image("app").MadeFrom(func(string) digests.Config { return "sha256:2" }) {
		if p.Digest != "" {
			t.Error(p)
		}
	}
}
