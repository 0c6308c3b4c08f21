// Package event has what a run tells of while it goes on.
package event

import (
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/platform"
)

// Kind says what an Event tells.
type Kind string

// The kinds of events, in the order an image goes through them.
const (
	Started      Kind = "started"   // the build of an image has begun
	StepBegan    Kind = "step"      // a step of its Dockerfile runs; Text names it
	Output       Kind = "output"    // a step or a test printed Text, one line
	Testing      Kind = "testing"   // the image is built, its test runs
	Retry        Kind = "retry"     // a passing fault; Text says which, and when it is tried again
	Done         Kind = "done"      // the image is built and good; with Test set it was built before
	Tagged       Kind = "tagged"    // a good image got its further tags
	Same         Kind = "same"      // what it is made from was built again and is the same: nothing to do
	Failed       Kind = "failed"    // the build or the test failed; Text is the error
	Blocked      Kind = "blocked"   // not built, because of Causes
	Cancelled    Kind = "cancelled" // the run ended before it was built
	FetchBegan   Kind = "fetching"  // a published image is brought into the store
	Transfer     Kind = "transfer"  // Bytes of Total are fetched or published
	Fetched      Kind = "fetched"
	Unfetched    Kind = "unfetched" // it could not be fetched; Text is the error
	PublishBegan Kind = "publishing"
	WasPublished Kind = "published"   // Refs are the tags that were made or moved
	Unpublished  Kind = "unpublished" // it is good, but not published, for Text or because of Causes
	Warning      Kind = "warning"     // Text is for a person to know; Image may be empty
)

// Phase says how far an image had come that failed.
type Phase string

// The phases. The zero value is the build itself.
const (
	PhasePlan Phase = "plan" // nothing was tried: the plan says that it cannot be built
	PhaseTest Phase = "test" // it was built, and its test failed
	PhaseTags Phase = "tags" // it is good, and could not be given its further tags
)

// Event is one thing that happened during a run. Events of one run come one
// at a time; those of one image come in order.
type Event struct {
	Time  time.Time `json:"time"`
	Kind  Kind      `json:"event"`
	Image string    `json:"image"` // full reference
	// Platform is what the image is built for, where it is made for several.
	Platform platform.Platform `json:"platform,omitempty"`
	Text     string            `json:"text,omitempty"`
	// Cached is set on a StepBegan that needed no work.
	Cached bool `json:"cached,omitempty"`
	// Seconds is how long the image took, on Done and Failed.
	Seconds float64 `json:"seconds,omitempty"`
	// Digest is that of a Done image.
	Digest digests.Manifest `json:"digest,omitempty"`
	// Causes are the references whose failure blocks the image.
	Causes []string `json:"causes,omitempty"`
	// Refs are the references that publishing made or moved, Bytes what it sent; of a Transfer that is so
	// far, and of Total.
	Refs  []string `json:"refs,omitempty"`
	Bytes int64    `json:"bytes,omitempty"`
	Total int64    `json:"total,omitempty"`
	// Test is set on a Failed image that was built and whose test failed, and on a Started or Done one
	// that is only tested.
	Test bool `json:"test,omitempty"`
	// Phase is how far a Failed image had come.
	Phase Phase `json:"phase,omitempty"`
	// Tail are the last lines of a Failed image's output.
	Tail []string `json:"tail,omitempty"`
	// Log is the path of the image's log file, on Done and Failed.
	Log string `json:"log,omitempty"`
}
