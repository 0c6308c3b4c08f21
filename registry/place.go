package registry

import (
	"strings"

	"github.com/slipway-build/slipway/ref"
)

// place is a reference with what the registry's addresses and tokens say of it.
type place struct{ ref.Ref }

func parse(written string) (place, error) {
	r, err := ref.Parse(written)
	return place{r}, err
}

// SplitPrefix returns the host of the registry that image names with a prefix belong to, and the path there, as
// Options wants them: "registry.example/team" is team on registry.example, "team" the same on docker.io.
func SplitPrefix(prefix string) (host, namespace string, err error) {
	r, err := ref.ParseRepository(strings.TrimRight(prefix, "/") + "/x")
	return r.Registry(), strings.TrimSuffix(strings.TrimSuffix(r.Path(), "x"), "/"), err
}

func (p place) withDigest(d string) place { return place{p.WithDigest(d)} }

func (p place) manifestPath() string { return "/v2/" + p.Path() + "/manifests/" + p.Target() }

// Scopes of tokens, as the token authentication spec writes them.
func (p place) pull() string   { return "repository:" + p.Path() + ":pull" }
func (p place) push() string   { return "repository:" + p.Path() + ":pull,push" }
func (p place) delete() string { return "repository:" + p.Path() + ":delete,pull" }
