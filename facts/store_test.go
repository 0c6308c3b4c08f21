package facts

import (
	"slices"
	"testing"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/store"
)

// However a configuration names Docker Hub, what was built under its name is found.
func TestSpellings(t *testing.T) {
	for _, registry := range []string{"", "docker.io", "registry.example:5000", "registry.example/team"} {
		for _, namespace := range []string{"", "library", "team"} {
			written := (&config.Config{Registry: registry, Namespace: namespace}).Ref("base", "1.0")
			r, err := ref.Parse(written)
			if err != nil {
				t.Fatal(err)
			}
			if got := spellings(store.Image{Ref: r.String()}); !slices.Contains(got, written) {
				t.Errorf("%s is stored as %s, which can be written %q", written, r, got)
			}
		}
	}
}
