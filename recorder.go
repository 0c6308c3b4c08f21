package slipway

import (
	"context"
	"encoding/json"
	"os"
	"sync/atomic"
	"time"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/runner"
	"github.com/slipway-build/slipway/state"
)

const noHistory = "this run's history is incomplete"

// recorder is a run's history. It notes damage, which only warns while images are built.
type recorder struct {
	*state.DB
	damaged atomic.Bool
}

func (h *recorder) note(err error) error {
	if state.Damaged(err) {
		h.damaged.Store(true)
	}
	return err
}

// BeginBuild implements runner.History.
func (h *recorder) BeginBuild(ctx context.Context, b state.Build) (int64, error) {
	id, err := h.DB.BeginBuild(ctx, b)
	return id, h.note(err)
}

// SetInputs implements runner.History.
func (h *recorder) SetInputs(ctx context.Context, b state.Build, listing []byte) error {
	return h.note(h.DB.SetInputs(ctx, b, listing))
}

// EndBuild implements runner.History.
func (h *recorder) EndBuild(ctx context.Context, b state.Build) error {
	return h.note(h.DB.EndBuild(ctx, b))
}

// AddArtifact implements runner.History.
func (h *recorder) AddArtifact(ctx context.Context, a state.Artifact) error {
	return h.note(h.DB.AddArtifact(ctx, a))
}

// beginHistory records the run. One that cannot be recorded goes on without a history.
func (r *buildRun) beginHistory(ctx context.Context, o *runner.Options) *recorder {
	ctx = context.WithoutCancel(ctx)
	h := &recorder{DB: r.db}
	run := state.Run{Command: r.opts.Command, Folder: r.folder, Suffix: r.suffix, PID: os.Getpid(), Began: r.began}
	err := r.mended(ctx, r.db, func() (err error) {
		if run.Plan, err = json.Marshal(r.decision.Plan); err == nil {
			o.RunID, err = r.db.BeginRun(ctx, run)
		}
		return err
	})
	if err != nil {
		r.warn(noHistory + ": " + err.Error())
		return h
	}
	o.History = h
	return h
}

// endHistory records how the run ended. A damaged state is set aside for the next run.
func (r *buildRun) endHistory(ctx context.Context, h *recorder, id int64, s event.Summary) {
	ctx = context.WithoutCancel(ctx)
	var err error
	if id != 0 {
		err = h.note(r.db.EndRun(ctx, id, runOutcome(s), time.Now()))
	}
	if listErr := h.note(r.forgetUnlisted(ctx, r.db)); err == nil {
		err = listErr
	}
	if h.damaged.Load() {
		err = r.renewState(ctx, r.db)
	}
	if err != nil {
		r.warn(noHistory + ": " + err.Error())
	}
}
