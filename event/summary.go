package event

import (
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/platform"
)

// Outcome is how an image fared in a run.
type Outcome string

// Outcomes. Unchanged and Skipped images were not touched.
const (
	Built      Outcome = "built"
	Tested     Outcome = "tested" // it was built before, its test ended now
	Unchanged  Outcome = "unchanged"
	WasFetched Outcome = "fetched" // it is published, and was fetched for others to be built on
	Skipped    Outcome = "skipped"
	BuildError Outcome = "failed"
	NotBuilt   Outcome = "blocked"
	Interrupt  Outcome = "cancelled"
)

// Good tells whether dependents may be built on the image.
func (o Outcome) Good() bool {
	return o == Built || o == Tested || o == Unchanged || o == WasFetched || o == Skipped
}

// Publishing is how publishing an image went.
type Publishing string

// The values of Publishing. An image that was not to be published has none.
const (
	PublishDone    Publishing = "published"
	PublishFailed  Publishing = "not published"
	PublishBlocked Publishing = "publishing blocked" // by an image that it is made from
)

// Result is one target's part of a Summary, or that of an index.
type Result struct {
	Image *fleet.Image
	// Title is plan.Step.Title. Platform and Targets tell targets and the index of an image for several
	// platforms apart; else they are empty.
	Title    string
	Platform platform.Platform
	Targets  []platform.Platform
	Outcome  Outcome
	// Err is set for failed images.
	Err error
	// Tail are the last lines that a failed image's build or test printed.
	Tail []string
	// Causes are the references a blocked image waits for.
	Causes []string
	Digest digests.Manifest
	// Test is how the image's test went: "passed", "none", TestFailed or, if it did
	// not come to that, empty.
	Test string
	Took time.Duration
	// Log is the path of the log file, if there is one.
	Log string

	// Publishing is how publishing it went, PublishErr why it failed, PublishDigest what its reference
	// names at the registry now. PublishCauses are the references
	// of the images that kept it from being published.
	Publishing    Publishing
	PublishErr    error
	PublishDigest digests.Manifest
	PublishCauses []string
}

// TestFailed is Result.Test of an image that was built and did not pass its test.
const TestFailed = "failed"

// Summary is how a run went, in plan order.
type Summary struct {
	Results []Result
	Took    time.Duration
	// Interrupted tells that the run's context ended, and not everything was done.
	Interrupted bool
}

// Count returns how many images had the outcome.
func (s Summary) Count(o Outcome) int {
	n := 0
	for _, r := range s.Results {
		if r.Outcome == o {
			n++
		}
	}
	return n
}

// CountPublishing returns for how many images publishing went so.
func (s Summary) CountPublishing(p Publishing) int {
	n := 0
	for _, r := range s.Results {
		if r.Publishing == p {
			n++
		}
	}
	return n
}

// Good tells whether everything that was to be done was done.
func (s Summary) Good() bool {
	return s.Count(BuildError)+s.Count(NotBuilt)+s.Count(Interrupt)+
		s.CountPublishing(PublishFailed)+s.CountPublishing(PublishBlocked) == 0
}
