package facts

import (
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/store"
)

// However a configuration names Docker Hub, what was built under its name is found.
func TestSpellings(t *testing.T) {
	for _, registry := range []string{"", "docker.io", "registry.example:5000", "registry.example/team"} {
		for _, namespace := range []string{"", "library", "team"} {
			ref := (&config.Config{Registry: registry, Namespace: namespace}).Ref("base", "1.0")
			canonical, err := store.Normalize(ref)
			if err != nil {
				t.Fatal(err)
			}
			if got := spellings(store.Image{Ref: canonical}); !slices.Contains(got, ref) {
				t.Errorf("%s is stored as %s, which can be written %q", ref, canonical, got)
			}
		}
	}
}

// TestCanonical: the plan's canonical form of references is the store's.
func TestCanonical(t *testing.T) {
	for _, ref := range []string{
		"base", "base:1", "a/b", "docker.io/base", "index.docker.io/library/base:1", "localhost/x", "registry.example:5000/x/y:2",
		"base@sha256:" + strings.Repeat("0", 64), "base:1@sha256:" + strings.Repeat("0", 64), "UPPER", "", "a b",
	} {
		want, err := store.Normalize(ref)
		if err != nil {
			want = ref
		}
		if got := fleet.Canonical(ref); got != want {
			t.Errorf("%s: %s, want %s", ref, got, want)
		}
	}
}
