package facts

import (
	"slices"
	"testing"

	"github.com/slipway-build/slipway/config"
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
			if got := Spellings(store.Image{Ref: canonical}); !slices.Contains(got, ref) {
				t.Errorf("%s is stored as %s, which can be written %q", ref, canonical, got)
			}
		}
	}
}
