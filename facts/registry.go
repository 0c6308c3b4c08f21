package facts

import (
	"cmp"
	"context"
	"errors"
	"slices"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/registry"
)

// readPublished asks for the images that the plan may be about. It is nil when there is no registry. What may
// not be read is apart from it.
func (s Sources) readPublished(ctx context.Context, f *fleet.Fleet, relevant func(*fleet.Image) bool) (all map[string]plan.PublishedImage, unreadable map[string]bool, err error) {
	if s.Look == nil {
		return nil, nil, nil
	}
	var platforms []platform.Platform
	names := map[platform.Platform][]string{}
	for _, img := range f.Images {
		for _, name := range append([]string{img.Ref}, img.FurtherRefs()...) {
			if _, err := ref.Parse(name); relevant(img) && err == nil { // a wrong definition may have tags that are none
				names[img.Platform] = append(names[img.Platform], name)
			}
		}
		if !slices.Contains(platforms, img.Platform) {
			platforms = append(platforms, img.Platform)
		}
	}
	all, unreadable = map[string]plan.PublishedImage{}, map[string]bool{}
	several, spelled := partsOf(f), spellingsOf(f)
	for _, on := range platforms {
		found, err := s.Look(ctx, string(on), inputs.Annotations, names[on])
		refused, err := registry.SplitUnreadable(err)
		if err != nil {
			return nil, nil, err
		}
		for _, name := range refused {
			unreadable[name] = true
		}
		for name, p := range found {
			part := publishedImage(p, spelled)
			if several[name] {
				part = with(all[name], on, part)
			}
			all[name] = part
		}
	}
	return all, unreadable, nil
}

// partsOf are the references of images that are made for several platforms.
func partsOf(f *fleet.Fleet) map[string]bool {
	names := map[string]bool{}
	for _, img := range f.Images {
		if len(img.Platforms) > 1 {
			for _, name := range append(img.FurtherRefs(), img.Ref) {
				names[name] = true
			}
		}
	}
	return names
}

// with adds to what is known of a reference what it has for a platform.
func with(all plan.PublishedImage, on platform.Platform, part plan.PublishedImage) plan.PublishedImage {
	if all.Parts == nil {
		all.Parts = map[platform.Platform]plan.PublishedImage{}
	}
	if all.Digest = part.Digest; part.ID != "" {
		all.Parts[on] = part
	}
	return all
}

// spellingsOf are the fleet's references, by all that an image has.
func spellingsOf(f *fleet.Fleet) map[ref.Ref]string {
	spelled := map[ref.Ref]string{}
	for _, img := range f.Images {
		for _, name := range append(img.FurtherRefs(), img.Ref) {
			if r, err := ref.Parse(name); err == nil {
				spelled[r] = img.Ref
			}
		}
	}
	return spelled
}

func publishedImage(p registry.Published, spelled map[ref.Ref]string) plan.PublishedImage {
	return plan.PublishedImage{
		Digest: p.Digest, ID: p.ID, Mark: inputs.ReadMark(p.Annotations),
		Base:       cmp.Or(spelled[ref.Known(p.Annotations[ocispecs.AnnotationBaseImageName])], p.Annotations[ocispecs.AnnotationBaseImageName]),
		BaseDigest: digests.Manifest(p.Annotations[ocispecs.AnnotationBaseImageDigest]),
	}
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
			if r, err := ref.Parse(written); err == nil && refresh[r] && relevant(img) && img.Platform == f.Platform && !slices.Contains(refs, written) {
				refs = append(refs, written)
			}
		}
	}
	for _, written := range refs { // few, and each with its own error
		found, err := s.Look(ctx, string(f.Platform), nil, []string{written})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p, exists := found[written]
		switch {
		case err == nil && !exists:
			err = errors.New("it is not there, or no longer")
		case err == nil && p.ID == "":
			err = errors.New("it has no image for " + string(f.Platform))
		}
		bases[written] = plan.BaseImage{Digest: p.Digest, ID: p.ID, Err: err}
	}
	return bases, nil
}
