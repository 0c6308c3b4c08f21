package facts

import (
	"context"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	v1 "github.com/slipway-build/slipway/fleet/inputs/v1"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/store"
)

// readStore lists the store. Of the images that the plan may be about the content is looked at, too.
func (s Sources) readStore(ctx context.Context, f *fleet.Fleet, relevant func(*fleet.Image) bool) ([]store.Image, error) {
	list, err := s.Stored(ctx)
	if err != nil {
		return nil, err
	}
	byRef := make(map[string]*store.Image, len(list))
	for i := range list {
		for _, ref := range spellings(list[i]) {
			byRef[ref] = &list[i]
		}
	}
	var check []*store.Image
	for _, img := range f.Images {
		if found := byRef[img.Ref]; found != nil && relevant(img) {
			check = append(check, found)
			delete(byRef, img.Ref)
		}
	}
	return list, s.Check(ctx, check)
}

// FromStore turns the store's index into what a plan compares with.
func FromStore(list []store.Image) map[string]plan.StoredImage {
	found := make(map[string]plan.StoredImage, len(list))
	for _, i := range list {
		if i.Level == 0 && (inputs.Mark{Inputs: i.Inputs}).Old() {
			i.Level = v1.Level
		}
		for _, ref := range spellings(i) {
			found[ref] = plan.StoredImage{
				ID: i.Identity(), Manifest: i.Digest, Tested: i.Tested != "", Test: i.Test,
				Inputs: i.Inputs, Followed: i.Followed, Level: i.Level, Damaged: i.Damaged,
			}
		}
	}
	return found
}

// spellings are the forms in which a configuration may write an image's reference: a registry
// docker.io, a namespace library and neither of them mean the same.
func spellings(i store.Image) []string {
	forms := []string{i.Ref}
	if hub, ok := strings.CutPrefix(i.Ref, "docker.io/"); ok {
		forms = append(forms, hub)
		if official, ok := strings.CutPrefix(hub, "library/"); ok {
			forms = append(forms, official, "docker.io/"+official)
		}
	}
	return forms
}
