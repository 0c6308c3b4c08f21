package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/runner"
	"github.com/slipway-build/slipway/state"
)

// mended calls f, and once more with a new state if f finds the state damaged.
func (a *app) mended(ctx context.Context, db *state.DB, f func() error) error {
	err := f()
	if !state.Damaged(err) {
		return err
	}
	if err := a.renewState(ctx, db); err != nil {
		return err
	}
	return f()
}

// renewState begins a new state in the place of a damaged one, if only in memory.
func (a *app) renewState(ctx context.Context, db *state.DB) error {
	path := db.Path()
	if err := db.Renew(ctx); err != nil {
		a.printWarning(fmt.Sprintf("the state %s is damaged, and nothing of it is used: %v", path, err))
		return ctx.Err()
	}
	a.saySetAside(db)
	return nil
}

func (a *app) saySetAside(db *state.DB) {
	if db.SetAside != "" {
		a.printWarning(fmt.Sprintf("the state was damaged; it is in %s, and a new one was begun", db.SetAside))
	}
}

// unwritten says what follows from a state that cannot be written, which stops nothing. Damage is the
// caller's to mend.
func (a *app) unwritten(ctx context.Context, what string, err error) error {
	if err == nil || ctx.Err() != nil || state.Damaged(err) {
		return err
	}
	a.printWarning(what + ": " + err.Error())
	return nil
}

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
	run := state.Run{Command: r.app.commandLine, Folder: r.folder, Suffix: r.suffix, PID: os.Getpid(), Began: r.began}
	err := r.app.mended(ctx, r.db, func() (err error) {
		if run.Plan, err = json.Marshal(r.decision.Plan); err == nil {
			o.RunID, err = r.db.BeginRun(ctx, run)
		}
		return err
	})
	if err != nil {
		r.app.printWarning(noHistory + ": " + err.Error())
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
	if listErr := h.note(r.app.forgetUnlisted(ctx, r.db, r.config)); err == nil {
		err = listErr
	}
	if h.damaged.Load() {
		err = r.app.renewState(ctx, r.db)
	}
	if err != nil {
		r.app.printWarning(noHistory + ": " + err.Error())
	}
}
