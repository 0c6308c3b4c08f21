package slipway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/state"
)

// PastBuild is one image's part of a run, as the state remembers it.
type PastBuild = state.Build

// OutcomeRunning is the Outcome of a PastBuild that goes on. One whose run was killed has none.
const OutcomeRunning = "running"

// HistoryOptions say which builds History returns.
type HistoryOptions struct {
	// Image is a name, a name:version, a full reference, or its end after a slash; empty is any.
	Image  string
	Failed bool // only those that failed
	Limit  int  // zero is no limit
}

// listHistory is the hint that leads to what there is.
const listHistory = "`slipway history` lists what was built"

// History returns builds, the newest first. Of an image that the state does not know, the error wraps
// ErrNotFound, and says which one may have been meant.
func (s *Session) History(ctx context.Context, o HistoryOptions) (builds []PastBuild, err error) {
	q := state.Query{Name: o.Image, Limit: o.Limit}
	if o.Failed {
		q.Outcome = state.BuildFailed
	}
	hint := listHistory
	err = s.withState(ctx, func(db *state.DB) (err error) {
		if builds, hint, err = historyOf(ctx, db, q); err != nil {
			return err
		}
		return markRunning(ctx, db, builds)
	})
	if err == nil && len(builds) == 0 && o.Image != "" {
		err = problem.With(&unknownError{fmt.Sprintf("cannot show history: no build of %q is known", o.Image)}, hint)
	}
	return builds, err
}

// PastRun is one run as the state remembers it.
type PastRun struct {
	state.Run
	Plan      json.RawMessage  `json:"plan"` // as it was made then, see plan.Plan.MarshalJSON; null when it is not kept
	Artifacts []state.Artifact `json:"artifacts"`
	Going     bool             `json:"-"` // it has not ended
}

// PastRun returns the run with a number, as builds of the history have it.
func (s *Session) PastRun(ctx context.Context, id int64) (r PastRun, err error) {
	found := false
	err = s.withState(ctx, func(db *state.DB) (err error) {
		if r.Run, found, err = db.Run(ctx, id); err == nil {
			r.Artifacts, err = db.Artifacts(ctx, id)
		}
		return err
	})
	r.Plan, r.Going = r.Run.Plan, r.Ended.IsZero() && r.Alive()
	if err == nil && !found {
		err = problem.With(&unknownError{fmt.Sprintf("cannot show run %d: it is not known", id)}, "`slipway history` lists what was built in which run")
	}
	return r, err
}

// Log writes what the last build and test of an image printed, of which a log is left. The image may be called
// as in HistoryOptions. The error wraps ErrNotFound when there is no such log.
func (s *Session) Log(ctx context.Context, image string, to io.Writer) error {
	var builds []PastBuild
	hint := listHistory
	err := s.withState(ctx, func(db *state.DB) (err error) {
		builds, hint, err = historyOf(ctx, db, state.Query{Name: image})
		return err
	})
	if err != nil {
		return err
	}
	for _, b := range builds {
		if found, err := copyLog(to, b); found || err != nil {
			return err
		}
	}
	if hint == "" { // it was built, but no log of it is left
		hint = listHistory
	}
	return problem.With(&unknownError{fmt.Sprintf("cannot find a log of %q", image)}, hint)
}

// unknownError is the error of an image of which the history has nothing.
type unknownError struct{ text string }

func (e *unknownError) Error() string { return e.text }

// Is makes it one of the errors about an image that is not there.
func (e *unknownError) Is(target error) bool { return target == ErrNotFound }

// withState calls f with the state, for calls that only look. One that does not exist is empty, and
// one that cannot be written is read.
func (s *Session) withState(ctx context.Context, f func(*state.DB) error) error {
	dir, err := s.StateFolder()
	if err != nil {
		return err
	}
	if !state.Exists(dir) {
		if s.opts.StateDir != "" || s.RootNamed() {
			s.tell(Note, fmt.Sprintf("nothing was built with the state in %s yet", dir))
		}
		return nil
	}
	db, err := state.Open(ctx, dir)
	if state.Unwritable(err) {
		db, err = state.OpenReadOnly(ctx, dir)
	}
	if err != nil {
		return err
	}
	s.saySetAside(db)
	return errors.Join(s.mended(ctx, db, func() error { return f(db) }), db.Close())
}

// historyOf returns the builds of the image that q.Name means, the newest first, or says which one may
// have been meant. Several versions of it are no question: all are listed, and the newest is shown.
func historyOf(ctx context.Context, db *state.DB, q state.Query) (builds []state.Build, hint string, err error) {
	builds, err = db.History(ctx, q)
	if len(builds) > 0 || err != nil || q.Name == "" {
		return builds, "", err
	}
	names, err := db.Names(ctx)
	if err != nil {
		return nil, "", err
	}
	all := builtNames(names)
	found := meant(q.Name, all)
	if len(found) == 0 {
		if near := nearest(q.Name, all); len(near) > 0 {
			return nil, "did you mean " + alternatives(near, 3) + "?", nil
		}
		return nil, listHistory, nil
	}
	if slices.ContainsFunc(found, func(n nameable) bool { return n.name != found[0].name }) {
		return nil, "", fmt.Errorf("cannot find %s in the history: %w", q.Name, unclear(found))
	}
	given := q.Name
	if q.Name = found[0].name; len(found) == 1 {
		if _, tag := cutTag(given); tag != "" {
			q.Name = found[0].ref
		}
	}
	builds, err = db.History(ctx, q)
	return builds, listHistory, err
}

func builtNames(list []state.Named) []nameable {
	all := make([]nameable, len(list))
	for i, n := range list {
		repository, tag, _ := ref.Split(n.Ref)
		all[i] = nameable{repository: repository, name: n.Name, tag: tag, ref: n.Ref}
	}
	return all
}

// markRunning tells builds that go on from those whose run was killed.
func markRunning(ctx context.Context, db *state.DB, builds []state.Build) error {
	runs, err := db.Unended(ctx)
	if err != nil {
		return err
	}
	alive := map[int64]bool{}
	for _, r := range runs {
		alive[r.ID] = r.Alive()
	}
	for i, b := range builds {
		if b.Ended.IsZero() && alive[b.Run] {
			builds[i].Outcome = OutcomeRunning
		}
	}
	return nil
}

// copyLog copies a build's log, unless it is gone: the next build of a version, or of another
// image with the same name and tag, writes over it.
func copyLog(to io.Writer, b state.Build) (found bool, err error) {
	if b.Log == "" {
		return false, nil
	}
	f, err := os.Open(b.Log)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot read log: %w", err)
	}
	defer f.Close()
	log := bufio.NewReader(f)
	heading, err := log.ReadString('\n')
	if _, ref, _ := strings.Cut(strings.TrimSpace(heading), " "); ref != b.Ref {
		return false, nil
	}
	if _, err = io.WriteString(to, heading); err == nil {
		_, err = io.Copy(to, log)
	}
	if err != nil {
		err = fmt.Errorf("cannot print log: %w", err)
	}
	return true, err
}
