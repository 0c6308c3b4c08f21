// Package plan decides what is to be done with each image of a fleet, and says why. It is pure: a
// fleet and facts go in, a value comes out, and nothing is read or started.
package plan

import (
	"bytes"
	"encoding/json"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
)

// Action is what is to be done with an image.
type Action string

// The actions. UpToDate, Published and Skip do nothing; Error and Blocked cannot. Build, Test, Tag and
// Pull also publish when Step.Publish says so.
const (
	Published Action = "published"  // at the registry, with what it would be made from now
	UpToDate  Action = "up to date" // in the store and tested, with what it would be made from now
	Build     Action = "build"      // build, then test
	Test      Action = "test"       // it was built; only its test did not end, or is another now
	Tag       Action = "tag"        // it was built and tested; only further tags are missing
	Pull      Action = "pull"       // it is published, and fetched for others to be built on
	Publish   Action = "publish"    // it was built and tested; only the registry lacks it
	Error     Action = "error"      // its definition is wrong, or it may not be built
	Blocked   Action = "blocked"    // something it builds on has the action Error
	Skip      Action = "skip"       // neither selected nor needed
)

// Idle tells whether a run leaves the image as the store has it: at most it is published.
func (a Action) Idle() bool { return a == UpToDate || a == Published || a == Publish || a == Skip }

// Stuck tells whether the image is to be built, and cannot be.
func (a Action) Stuck() bool { return a == Error || a == Blocked }

// Reason is one fact behind an action. Programs go by the Kind, people by the Text.
type Reason struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// The kinds of reasons.
const (
	KindStored      = "stored"      // it is in the store, made from the same inputs
	KindUntested    = "untested"    // it is in the store, but the run that built it ended before its test
	KindTest        = "test"        // its test is another than the one it passed
	KindTags        = "tags"        // further tags of a listed image are missing or elsewhere
	KindNew         = "new"         // no version is in the store
	KindDamaged     = "damaged"     // it is in the store, but not all of its content is
	KindRemoved     = "removed"     // it was built, and is no longer in the store
	KindFailed      = "failed"      // the last attempt to build it failed
	KindVersion     = "version"     // another version is in the store
	KindFiles       = "files"       // files of its folder, or templates of the fleet, changed
	KindDockerfile  = "dockerfile"  // the rendered Dockerfile changed, although no template did
	KindCommit      = "commit"      // its git repository has another commit
	KindFolder      = "folder"      // its files come from another folder of the repository
	KindParent      = "parent"      // it is made from other images, or from another version of one
	KindRebuilt     = "rebuilt"     // an image that it is made from was, or is to be, built again
	KindArgument    = "argument"    // a build argument changed
	KindPlatform    = "platform"    // it is for another platform
	KindEngine      = "engine"      // this Slipway's engine makes other bits of the same inputs
	KindInputs      = "inputs"      // its inputs changed, and it is not known which
	KindUnversioned = "unversioned" // its content changed, its version did not
	KindPublished   = "published"   // it is at the registry
	KindUnread      = "unread"      // one problem of the definition of a published image, beginning with path:line
	KindUnpublished = "unpublished" // it is not at the registry
	KindVanished    = "vanished"    // it was at the registry, and is no longer
	KindUnreadable  = "unreadable"  // the registry refuses to tell whether it has it
	KindMoved       = "moved"       // its tag at the registry names another image than before
	KindOutdated    = "outdated"    // what the published image was built on is another now
	KindRequested   = "requested"   // --force
	KindNeeded      = "needed"      // something that is to be built needs it
	KindUnselected  = "unselected"  // --select leaves it out
	KindError       = "error"       // one problem of the definition, beginning with path:line
	KindBlocked     = "blocked"     // one image that has an error
)

// Step is one image's part of a plan.
type Step struct {
	Image   *fleet.Image
	Action  Action
	Reasons []Reason // at least one
	Needs   []*Step  // of the images it builds on, whatever their action; sorted by name
	Err     error    // of the action Error
	// Unread tells why the definition cannot be used, of an image that is published and so needs none.
	Unread error

	// Publish tells that the image is published when it is good. Replace allows it to take the place
	// of another under the same tag.
	Publish, Replace bool
	// Digest is that of the published image, if the registry was asked and has one.
	Digest string
}

// Plan holds one step for each image of the fleet.
type Plan struct {
	Steps []*Step // each after those it needs; of those that could come next the smallest name
	// Refresh are the base images from elsewhere that are fetched before anything is built on them:
	// references and the digests of their manifests.
	Refresh map[string]string
}

// Find returns the step of an image, or nil. Its name will do, with registry and namespace or without,
// with its tag or without.
func (p *Plan) Find(name string) *Step {
	for _, s := range p.Steps {
		if img := s.Image; name == img.Name || name == img.Name+":"+img.Tag || name == img.Ref || name == repository(img) {
			return s
		}
	}
	return nil
}

// Facts are what the plan must know of the world.
type Facts struct {
	// Images are all stored images by full reference, registry/namespace/name:tag; those that are none of
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
	Seen map[string]string
	// Bases are the base images that the configuration says to refresh, by reference as the
	// Dockerfiles write it.
	Bases map[string]BaseImage
	// Past is what the state remembers, by the image's name. It decides nothing, it explains.
	Past map[string]Past
}

// InputsUnsure is StoredImage.Inputs of an image whose files changed while it was built.
const InputsUnsure = "unsure"

// StoredImage is an image that was built.
type StoredImage struct {
	Digest   string // stands for its content: store.Image.Identity
	Manifest string // digest of the manifest or index
	Tested   bool   // its test passed, or it has none
	// Test is the digest of the test that it passed; empty when it has none, or that is not known.
	Test   string
	Inputs string // digest of what it was made from; empty when that is not known
	// Followed is the record of what its build followed, see inputs.Mark.
	Followed string
	Level    int // the engine's level that made it; zero when that is not known
	// Damaged says what of its content is missing.
	Damaged string
}

// Mark is what the image says of its inputs.
func (s StoredImage) Mark() inputs.Mark { return inputs.Mark{Inputs: s.Inputs, Followed: s.Followed} }

// Past is how an image was built before.
type Past struct {
	Tag           string            // of the last good build; empty when there was none
	Parts         inputs.Parts      // of that build
	Before, After map[string]string // the files of the context then and now, as buildcontext.Files
	Failed        bool              // the last attempt at the fleet's version failed
	FailedTest    bool              // and it was the test that failed
}

// known tells whether it is known what the last good build was made from.
func (p Past) known() bool { return p.Parts.Level != 0 }

// Mark says by which rules the parts were made.
func (p Past) Mark() inputs.Mark {
	if !p.known() {
		return inputs.Mark{}
	}
	return inputs.Mark{Inputs: p.Parts.Digest(), Followed: p.Parts.Followed}
}

// Options narrow a plan down, or widen it.
type Options struct {
	Select string // glob, see fleet.Selection; empty is all images
	// Force, if not nil, tells which of the selected images are built in any case.
	Force func(*fleet.Image) bool
	// Refuse, if not nil, tells why an image that is to be built cannot be.
	Refuse func(*fleet.Image) error
	// Strict makes it an error when content changed under an unchanged version.
	Strict bool
	// Publish tells that images can be published.
	Publish bool
	// Replace lets forced images take the place of published ones.
	Replace bool
	// NoPull builds on what the store has: nothing that is published is fetched.
	NoPull bool
	// TrustVersions takes what is published under a version for its content, whatever that is.
	TrustVersions bool
}

// stored finds what the store has under a reference, however that is written.
func (f Facts) stored(ref string) StoredImage {
	if i, found := f.Images[ref]; found {
		return i
	}
	return f.Images[fleet.Canonical(ref)]
}

// MarshalJSON gives {"images": [{"name", "version", "ref", "action", "publish", "reasons": [{"kind", "text"}]}]}
// in the order of Steps. The version is the changelog's; a nightly build's suffix is in ref. New keys
// may be added, none of these changes.
func (p Plan) MarshalJSON() ([]byte, error) {
	type image struct {
		Name    string   `json:"name"`
		Version string   `json:"version"`
		Ref     string   `json:"ref"`
		Action  Action   `json:"action"`
		Publish bool     `json:"publish,omitempty"`
		Reasons []Reason `json:"reasons"`
	}
	doc := struct {
		Images []image `json:"images"`
	}{Images: make([]image, 0, len(p.Steps))}
	for _, s := range p.Steps {
		doc.Images = append(doc.Images, image{
			Name: s.Image.Name, Version: s.Image.Version, Ref: s.Image.Ref,
			Action: s.Action, Publish: s.Publish, Reasons: append([]Reason{}, s.Reasons...),
		})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // people read it too
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
