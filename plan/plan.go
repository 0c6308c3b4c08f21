// Package plan decides what is to be done with each image of a fleet, and says why. It is pure: a
// fleet and facts go in, a value comes out, and nothing is read or started.
package plan

import (
	"bytes"
	"encoding/json"

	"github.com/slipway-build/slipway/fleet"
)

// Action is what is to be done with an image.
type Action string

// The actions. UpToDate and Skip do nothing; Error and Blocked cannot.
const (
	UpToDate Action = "up to date" // in the store and tested
	Build    Action = "build"      // build, then test
	Error    Action = "error"      // its definition is wrong
	Blocked  Action = "blocked"    // something it builds on has the action Error
	Skip     Action = "skip"       // neither selected nor needed
)

// Reason is one fact behind an action. Programs go by the Kind, people by the Text.
type Reason struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// The kinds of reasons.
const (
	KindStored     = "stored"     // this version is in the store
	KindUntested   = "untested"   // it is in the store, but the run that built it ended before its test
	KindNew        = "new"        // no version is in the store
	KindVersion    = "version"    // another version is in the store
	KindNeeded     = "needed"     // something that is to be built needs it
	KindUnselected = "unselected" // --select leaves it out
	KindError      = "error"      // one problem of the definition, beginning with path:line
	KindBlocked    = "blocked"    // one image whose definition is wrong
)

// Step is one image's part of a plan.
type Step struct {
	Image   *fleet.Image
	Action  Action
	Reasons []Reason // at least one
	Needs   []*Step  // of the images it builds on, whatever their action; sorted by name
}

// Plan holds one step for each image of the fleet.
type Plan struct {
	Steps []*Step // each after those it needs; of those that could come next the smallest name
}

// Facts are what the plan must know of the world.
type Facts struct {
	// Images are all stored images by full reference, registry/namespace/name:tag. Those with other
	// tags than the fleet's tell which version was built before.
	Images map[string]StoredImage
}

// StoredImage is an image that was built.
type StoredImage struct {
	Digest string
	Tested bool // its test passed, or it has none
}

// Options narrow a plan down.
type Options struct {
	Select string // glob, see fleet.Selection; empty is all images
}

// MarshalJSON gives {"images": [{"name", "version", "ref", "action", "reasons": [{"kind", "text"}]}]}
// in the order of Steps. The version is the changelog's; a nightly build's suffix is in ref. New keys
// may be added, none of these changes.
func (p Plan) MarshalJSON() ([]byte, error) {
	type image struct {
		Name    string   `json:"name"`
		Version string   `json:"version"`
		Ref     string   `json:"ref"`
		Action  Action   `json:"action"`
		Reasons []Reason `json:"reasons"`
	}
	doc := struct {
		Images []image `json:"images"`
	}{Images: make([]image, 0, len(p.Steps))}
	for _, s := range p.Steps {
		doc.Images = append(doc.Images, image{
			Name: s.Image.Name, Version: s.Image.Version, Ref: s.Image.Ref,
			Action: s.Action, Reasons: append([]Reason{}, s.Reasons...),
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
