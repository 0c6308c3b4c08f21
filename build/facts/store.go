package facts

import (
	"strings"

	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/store"
)

// fromStore turns the store's index into what a plan compares with.
func fromStore(list []store.Image) map[string]plan.StoredImage {
	found := make(map[string]plan.StoredImage, len(list))
	for _, i := range list {
		for _, ref := range Spellings(i) {
			found[ref] = plan.StoredImage{Digest: i.Identity(), Manifest: i.Digest, Tested: i.Tested != "", Test: i.Test, Inputs: i.Inputs}
		}
	}
	return found
}

// Spellings are the forms in which a configuration may write an image's reference: a registry
// docker.io, a namespace library and neither of them mean the same.
func Spellings(i store.Image) []string {
	forms := []string{i.Ref}
	if hub, ok := strings.CutPrefix(i.Ref, "docker.io/"); ok {
		forms = append(forms, hub)
		if official, ok := strings.CutPrefix(hub, "library/"); ok {
			forms = append(forms, official, "docker.io/"+official)
		}
	}
	return forms
}
