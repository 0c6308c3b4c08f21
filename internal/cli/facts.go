package cli

import (
	"strings"

	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/store"
)

// parseDockerfile is BuildKit's parser, which only the engine's rooms may import.
func parseDockerfile(data []byte) (fleet.Dockerfile, error) { return dockerfile.Parse(data) }

// newFacts turns the store's index into what the plan compares with.
func newFacts(list []store.Image) plan.Facts {
	facts := plan.Facts{Images: map[string]plan.StoredImage{}}
	for _, i := range list {
		for _, ref := range spellings(i) {
			facts.Images[ref] = plan.StoredImage{Digest: i.Identity(), Tested: i.Tested != "", Test: i.Test, Inputs: i.Inputs}
		}
	}
	return facts
}

// spellings are the forms in which a configuration may write the image's
// reference: "registry: docker.io" and no registry at all mean the same.
func spellings(i store.Image) []string {
	forms := []string{i.Ref, i.Name + ":" + i.Tag}
	if strings.HasPrefix(i.Ref, "docker.io/") {
		forms = append(forms, "docker.io/"+i.Name+":"+i.Tag)
	}
	return forms
}
