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
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/registry"
)

// readPublished asks for the images that the plan may be about. It is nil when there is no registry. What may
// not be read is apart from it.
func (s Sources) readPublished(ctx context.Context, f *fleet.Fleet, relevant func(*fleet.Image) bool) (all map[string]plan.PublishedImage, unreadable map[string]bool, err error) {
	if s.Look == nil {
		return nil, nil, nil
	}
	var refs []string
	spelled := map[ref.Ref]string{} // the fleet's references, by all that an image has
	for _, img := range f.Images {
		for _, name := range append([]string{img.Ref}, img.FurtherRefs()...) {
			if _, err := ref.Parse(name); relevant(img) && err == nil { // a wrong definition may have tags that are none
				refs = append(refs, name)
			}
		}
		for _, name := range append(img.FurtherRefs(), img.Ref) {
			if r, err := ref.Parse(name); err == nil {
				spelled[r] = img.Ref
			}
		}
	}
	found, err := s.Look(ctx, f.Platform, inputs.Annotations, refs)
	refused, err := registry.SplitUnreadable(err)
	if err != nil {
		return nil, nil, err
	}
	unreadable = map[string]bool{}
	for _, name := range refused {
		unreadable[name] = true
	}
	published := make(map[string]plan.PublishedImage, len(found))
	for name, p := range found {
		published[name] = plan.PublishedImage{
			Digest: p.Digest, ID: p.ID, Mark: inputs.ReadMark(p.Annotations),
			Base:       cmp.Or(spelled[ref.Known(p.Annotations[ocispecs.AnnotationBaseImageName])], p.Annotations[ocispecs.AnnotationBaseImageName]),
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
	refresh := map[ref.Ref]bool{}
	for _, written := range s.Bases {
		if r, err := ref.Parse(written); err == nil {
			refresh[r] = true
		}
	}
	bases := map[string]plan.BaseImage{}
	var refs []string
	for _, img := range f.Images {
		for _, written := range img.Elsewhere() {
			if r, err := ref.Parse(written); err == nil && refresh[r] && relevant(img) && !slices.Contains(refs, written) {
				refs = append(refs, written)
			}
		}
	}
	for _, written := range refs { // few, and each with its own error
		found, err := s.Look(ctx, f.Platform, nil, []string{written})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p, exists := found[written]
		switch {
		case err == nil && !exists:
			err = errors.New("it is not there, or no longer")
		case err == nil && p.ID == "":
			err = errors.New("it has no image for " + f.Platform)
		}
		bases[written] = plan.BaseImage{Digest: p.Digest, ID: p.ID, Err: err}
	}
	return bases, nil
}
