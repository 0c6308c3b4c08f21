// Package plan decides what is to be done with each image of a fleet, and says why. It is pure: a
// fleet and facts go in, a value comes out, and nothing is read or started. Rules look at each image and
// give reasons (rules.go), the action follows from these by a table (table.go), and sentences are made of
// reasons when somebody reads them (explain.go). What a plan would like to know of earlier builds it asks for
// before it is made (draft.go).
package plan

import (
	"bytes"
	"encoding/json"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/platform"
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
	Blocked   Action = "blocked"    // something it builds on has the action Error or Foreign
	Foreign   Action = "foreign"    // it is for a platform that this machine does not build for
	Skip      Action = "skip"       // neither selected nor needed, or made for no platform
)

// Idle tells whether a run leaves the image as the store has it: at most it is published.
func (a Action) Idle() bool { return a == UpToDate || a == Published || a == Publish || a == Skip }

// Stuck tells whether the image is to be built, and cannot be.
func (a Action) Stuck() bool { return a == Error || a == Blocked || a == Foreign }

// Step is one target's part of a plan: an image for a platform. Of one for several platforms there is an index
// step, too, after those of its Targets.
type Step struct {
	Image   *fleet.Image
	Targets []*Step // of an index; nil for a target
	Action  Action
	Reasons []Reason // at least one; Plan.Said makes sentences of them
	Needs   []*Step  // of the images it builds on, or of an index, whatever their action; sorted by name
	Err     error    // of the action Error; of the first Foreign step for a platform what is said of all
	// Unread tells why the definition cannot be used, of an image that is published and so needs none.
	Unread error

	// Publish tells that the image is published when it is good. Replace allows it to take the place
	// of another under the same tag.
	Publish, Replace bool
	// Digest is that of the published image, if the registry was asked and has one.
	Digest digests.Manifest

	several bool // the fleet is not for this machine alone
}

// Title is the step's name:tag. Where a fleet is not for this machine alone it says for which platform the
// target is, or that it is an index.
func (s *Step) Title() string {
	title := s.Image.Name + ":" + s.Image.Tag
	switch {
	case s.Targets != nil:
		return title + " index"
	case s.several && !s.Image.Nowhere():
		return title + " " + string(s.Image.Platform)
	}
	return title
}

// Plan holds one step for each target of the fleet, and for each index.
type Plan struct {
	Steps []*Step // each after those it needs; of those that could come next the smallest name
	// Refresh are the base images from elsewhere that are fetched before anything is built on them:
	// by reference.
	Refresh map[string]digests.Manifest
	// Words, if not nil, is what each sentence goes through before anybody reads it.
	Words func(string) string
}

// Find returns the step of an image, or nil. Its name will do, with registry and namespace or without,
// with its tag or without. Of an image for several platforms it is the index.
func (p *Plan) Find(name string) *Step {
	for _, s := range p.Steps {
		if s.Targets == nil && len(s.Image.Platforms) > 1 {
			continue
		}
		if img := s.Image; name == img.Name || name == img.Name+":"+img.Tag || name == img.Ref || name == repository(img) {
			return s
		}
	}
	return nil
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

// MarshalJSON gives {"images": [{"name", "version", "ref", "action", "publish", "reasons": [{"kind", "text"}]}]}
// in the order of Steps. The version is the changelog's; a nightly build's suffix is in ref. Where the fleet is not for this
// machine alone a target has its "platform", and an index the "targets" that it is of. New keys
// may be added, none of these changes.
func (p Plan) MarshalJSON() ([]byte, error) {
	type image struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Ref     string `json:"ref"`
		Action  Action `json:"action"`
		Publish bool   `json:"publish,omitempty"`
		Reasons []Said `json:"reasons"`

		Platform platform.Platform   `json:"platform,omitempty"`
		Targets  []platform.Platform `json:"targets,omitempty"`
	}
	doc := struct {
		Images []image `json:"images"`
	}{Images: make([]image, 0, len(p.Steps))}
	for _, s := range p.Steps {
		one := image{
			Name: s.Image.Name, Version: string(s.Image.Version), Ref: s.Image.Ref,
			Action: s.Action, Publish: s.Publish, Reasons: p.Said(s),
		}
		switch {
		case s.Targets != nil:
			one.Targets = s.Image.Platforms
		case s.several && !s.Image.Nowhere():
			one.Platform = s.Image.Platform
		}
		doc.Images = append(doc.Images, one)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // people read it too
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
