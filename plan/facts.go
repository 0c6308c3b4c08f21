package plan

import (
	"slices"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/ref"
)

// Facts are what the plan must know of the world.
type Facts struct {
	// Emulated are other platforms than this machine's whose programs run here by emulation.
	Emulated []platform.Platform
	// Images are all stored images, which are for this machine's platform, by full reference, registry/namespace/name:tag; those that are none of
	// the fleet's in the form of fleet.Canonical. Those with other tags than the fleet's tell which version
	// was built before.
	Images map[string]StoredImage
	// Inputs are what the images would be made from now, by the rules of all marks that they have here;
	// the parents are filled in by the plan. An image without an entry is judged by its version alone,
	// as docker-pkg does.
	Inputs map[*fleet.Image]inputs.Now
	// Tests are the digests of the tests that the images have now; an image without one is not there.
	// Nil means that nobody looked.
	Tests map[*fleet.Image]string
	// Errors tell why an image's inputs cannot be read.
	Errors map[*fleet.Image]error
	// Published is what the registry has, by full reference. Nil means that it was not asked.
	Published map[string]PublishedImage
	// Unreadable are the references that the registry refuses to tell of, although it accepts the credentials
	// elsewhere: absent, or somebody else's. Publishing finds out before it sets a tag.
	Unreadable map[string]bool
	// Seen are the digests that references had at the registry when an earlier run looked.
	Seen map[string]digests.Manifest
	// Bases are the base images that the configuration says to refresh, by reference as the
	// Dockerfiles write it.
	Bases map[string]BaseImage
}

// stored finds what the store has under a reference, however that is written.
func (f Facts) stored(written string) StoredImage {
	if i, found := f.Images[written]; found {
		return i
	}
	return f.Images[ref.Canonical(written)]
}

// InputsUnsure is StoredImage.Inputs of an image whose files changed while it was built.
const InputsUnsure = "unsure"

// StoredImage is an image that was built.
type StoredImage struct {
	ID       digests.Config // stands for its content: store.Image.Identity
	Manifest digests.Manifest
	Tested   bool // its test passed, or it has none
	// Test is the digest of the test that it passed; empty when it has none, or that is not known.
	Test   string
	Inputs digests.Inputs // empty when that is not known
	// Followed is the record of what its build followed, see inputs.Mark.
	Followed string
	Level    int // the engine's level that made it; zero when that is not known
	// Damaged says what of its content is missing.
	Damaged string
}

// Mark is what the image says of its inputs.
func (s StoredImage) Mark() inputs.Mark { return inputs.Mark{Inputs: s.Inputs, Followed: s.Followed} }

// PublishedImage is what a registry has under an image's reference.
type PublishedImage struct {
	Digest digests.Manifest
	ID     digests.Config // for the fleet's platform; empty when it has none
	// Mark is what Slipway published of the image's inputs; empty when something else published it. Then
	// its version is trusted.
	Mark inputs.Mark
	// Base is the image that it was built on, if that is known, and BaseDigest that one's manifest.
	Base       string
	BaseDigest digests.Manifest
	// Parts are, of an image that is to be an index, what there is of it by platform, without Parts; those that
	// the index lacks are not there. Where a manifest stands in the place of the index it is the part for each.
	Parts map[platform.Platform]PublishedImage
}

// For is what the registry has of an image for its platform; found is false if it has not.
func (p PublishedImage) For(img *fleet.Image) (part PublishedImage, found bool) {
	if p.Parts == nil {
		return p, true
	}
	part, found = p.Parts[img.Platform]
	return part, found
}

// sharers are the platforms that one part was found for: a manifest that stands in the place of an index is found
// for each, and of an index one for arm/v7 where arm64 is asked for and not there.
func (p PublishedImage) sharers(img *fleet.Image) []platform.Platform {
	if p.Parts == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(img.Platforms), func(on platform.Platform) bool { return p.Parts[on].ID != p.Parts[img.Platform].ID })
}

// BaseImage is an image from elsewhere that images of the fleet are built on, as its registry has it
// now.
type BaseImage struct {
	Digest digests.Manifest
	ID     digests.Config
	Err    error // it is not there, or nobody knows
}

// Past is how an image was built before.
type Past struct {
	Tag           string            // of the build; empty when there was none
	Parts         inputs.Parts      // of the build; zero when they are not known
	Before, After map[string]string // the files of the context then and now, as buildcontext.Files
	Failed        bool              // the last attempt at the fleet's version failed
	FailedTest    bool              // and it was the test that failed
}

// known tells whether it is known what the build was made from.
func (p Past) known() bool { return p.Parts.Level != 0 }

// Mark says by which rules the parts were made.
func (p Past) Mark() inputs.Mark {
	if !p.known() {
		return inputs.Mark{}
	}
	return inputs.Mark{Inputs: p.Parts.Digest(), Followed: p.Parts.Followed}
}
