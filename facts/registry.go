package facts

import (
	"cmp"
	"context"
	"errors"
	"slices"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/store"
)

// readPublished asks for the images that the plan may be about. It is nil when there is no registry. What may
// not be read is apart from it.
func (s Sources) readPublished(ctx context.Context, f *fleet.Fleet, relevant func(*fleet.Image) bool) (all map[string]plan.PublishedImage, unreadable map[string]bool, err error) {
	if s.Look == nil {
		return nil, nil, nil
	}
	var refs []string
	spelled := map[string]string{} // the fleet's references, by the canonical forms of all that an image has
	for _, img := range f.Images {
		for _, ref := range append([]string{img.Ref}, img.FurtherRefs()...) {
			if _, err := store.Normalize(ref); relevant(img) && err == nil { // a wrong definition may have tags that are none
				refs = append(refs, ref)
			}
		}
		for _, ref := range append(img.FurtherRefs(), img.Ref) {
			if canonical, err := store.Normalize(ref); err == nil {
				spelled[canonical] = img.Ref
			}
		}
	}
	found, err := s.Look(ctx, f.Platform, inputs.Annotations, refs)
	refused, err := registry.SplitUnreadable(err)
	if err != nil {
		return nil, nil, err
	}
	unreadable = map[string]bool{}
	for _, ref := range refused {
		unreadable[ref] = true
	}
	published := make(map[string]plan.PublishedImage, len(found))
	for ref, p := range found {
		published[ref] = plan.PublishedImage{
			Digest: p.Digest, ID: p.ID, Mark: inputs.ReadMark(p.Annotations),
			Base:       cmp.Or(spelled[p.Annotations[ocispecs.AnnotationBaseImageName]], p.Annotations[ocispecs.AnnotationBaseImageName]),
			BaseDigest: p.Annotations[ocispecs.AnnotationBaseImageDigest],
		}
	}
	return published, unreadable, nil
}

// readBases asks for the base images that the plan's images are built on, and that are to be
// refreshed. What is wrong with one is the affair of the images that are to be built on it.
func (s Sources) readBases(ctx context.Context, f *fleet.Fleet, relevant func(*fleet.Image) bool) (map[string]plan.BaseImage, error) {
	if s.Look == nil {
		return nil, nil
	}
	refresh := map[string]bool{}
	for _, ref := range s.Bases {
		if canonical, err := store.Normalize(ref); err == nil {
			refresh[canonical] = true
		}
	}
	bases := map[string]plan.BaseImage{}
	var refs []string
	for _, img := range f.Images {
		for _, ref := range img.Elsewhere() {
			if canonical, err := store.Normalize(ref); err == nil && refresh[canonical] && relevant(img) && !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	for _, ref := range refs { // few, and each with its own error
		found, err := s.Look(ctx, f.Platform, nil, []string{ref})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p, exists := found[ref]
		switch {
		case err == nil && !exists:
			err = errors.New("it is not there, or no longer")
		case err == nil && p.ID == "":
			err = errors.New("it has no image for " + f.Platform)
		}
		bases[ref] = plan.BaseImage{Digest: p.Digest, ID: p.ID, Err: err}
	}
	return bases, nil
}
