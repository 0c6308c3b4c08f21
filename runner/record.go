package runner

import (
	"context"
	"encoding/json"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/state"
)

// History is where a run writes what it does. *state.DB is one.
type History interface {
	// BeginBuild records that an image is being built, and returns the build's id.
	BeginBuild(ctx context.Context, b state.Build) (int64, error)
	// SetInputs records what the build with b.ID is made from (Inputs, Parts, Tree), and the listing
	// of its context. Without Parts it only tests what the build with b.Inputs made.
	SetInputs(ctx context.Context, b state.Build, listing []byte) error
	// EndBuild records how the build with b.ID went.
	EndBuild(ctx context.Context, b state.Build) error
	// AddArtifact records an image that was fetched.
	AddArtifact(ctx context.Context, a state.Artifact) error
}

// record is one image's line in the history. What cannot be written is said, once per run, and stops
// nothing: the history only explains.
type record struct {
	run   *run
	build state.Build
}

func (r *run) beginRecord(ctx context.Context, s *plan.Step, began time.Time) *record {
	rec := &record{run: r, build: state.Build{
		Run: r.RunID, Ref: s.Image.Ref, Name: s.Image.Name, Version: string(s.Image.Version),
		Platform: string(s.Image.Platform), Began: began,
	}}
	if r.History == nil {
		return rec
	}
	reasons, err := json.Marshal(r.plan.Said(s))
	if err == nil {
		rec.build.Reasons = reasons
		rec.build.ID, err = r.History.BeginBuild(context.WithoutCancel(ctx), rec.build)
	}
	r.historyFailed(err)
	return rec
}

// inputs writes what the image is about to be made from. From then on the digest, which the store
// gets as a label, can be explained, even if this process is killed.
func (rec *record) inputs(ctx context.Context, parts inputs.Parts, listing []byte) {
	if rec.build.ID == 0 {
		return
	}
	data, err := json.Marshal(parts)
	if err == nil {
		rec.build.Inputs, rec.build.Parts, rec.build.Tree = parts.Digest(), data, parts.Tree
		err = rec.run.History.SetInputs(context.WithoutCancel(ctx), rec.build, listing)
	}
	rec.run.historyFailed(err)
}

// inherit is inputs for an image that is only tested.
func (rec *record) inherit(ctx context.Context, digest digests.Inputs) {
	if rec.build.ID == 0 || digest == "" {
		return
	}
	rec.build.Inputs = digest
	rec.run.historyFailed(rec.run.History.SetInputs(context.WithoutCancel(ctx), rec.build, nil))
}

// finish writes the end of the image's build.
func (rec *record) finish(ctx context.Context, j *job, res event.Result) {
	r, b := rec.run, rec.build
	if b.ID == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx) // an interrupted build is history, too
	b.Ended, b.Outcome, b.Digest, b.Tail = time.Now(), string(res.Outcome), res.Digest, res.Tail
	b.Test, b.Tries, b.Log = res.Test, j.tries, j.logPath
	if res.Err != nil {
		b.Error = res.Err.Error()
	}
	if res.Outcome.Good() {
		if img, err := r.Store.Get(ctx, b.Ref); err == nil {
			b.Size = img.Size
		}
	}
	r.historyFailed(r.History.EndBuild(ctx, b))
}

// recordFetched writes that a published image is in the store.
func (r *run) recordFetched(ctx context.Context, s *plan.Step) {
	if r.History == nil {
		return
	}
	a := state.Artifact{Ref: s.Image.Ref, Name: s.Image.Name, Platform: string(s.Image.Platform), Digest: s.Digest, Made: time.Now(), Run: r.RunID}
	ctx = context.WithoutCancel(ctx)
	if img, err := r.Store.Get(ctx, a.Ref); err == nil {
		a.Inputs, a.Size = img.Inputs, img.Size
	}
	r.historyFailed(r.History.AddArtifact(ctx, a))
}

func (r *run) historyFailed(err error) {
	if err == nil {
		return
	}
	r.historyOnce.Do(func() {
		r.emit(event.Event{Kind: event.Warning, Text: "this run's history is incomplete: " + err.Error()})
	})
}
