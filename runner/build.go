// Package runner walks a plan: it builds images in the order of the graph, tests
// each, and tells what happens as events.
package runner

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/imagetest/fleettest"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/secret"
	"github.com/slipway-build/slipway/secret/redact"
	"github.com/slipway-build/slipway/store"
)

// Options say how a run builds.
type Options struct {
	Engine Builder
	Store  *store.Store
	// Fleet is what the plan was made of.
	Fleet *fleet.Fleet
	// Inputs are what the plan's images are made from. Without them no image is marked with its
	// inputs, and the next plan does not know what it was made from.
	Inputs *contexts.Set
	// History, if not nil, gets a record of each image under RunID.
	History History
	RunID   int64
	// Remote is where images are published and fetched; a plan that does neither needs none.
	Remote Remote
	// Jobs is how many images build at once; less than one is one.
	Jobs int
	// NoCache runs all steps anew.
	NoCache bool
	// Retries is how often an image is tried again after a transient fault, RetryDelay the pause
	// before the first of them; it doubles. Free makes room on a full disk.
	Retries    int
	RetryDelay time.Duration
	Free       func(context.Context) (int64, error)
	// FailFast starts nothing more after the first failure; what runs comes to its end.
	FailFast bool
	// Secrets must not reach logs, events and results: passwords. Nil hides nothing.
	Secrets *redact.Secrets
	// Given are the secrets and SSH agents that an image's steps find; nil is none.
	Given func(*fleet.Image) secret.Set
	// Private are files of secrets, absolute, which no image may take from its folder.
	Private []string
	// Args are build arguments for every image.
	Args   map[string]string
	Limits engine.Limits
	Test   fleettest.Test
	// Sandbox is what tests run in; a plan that tests nothing needs none.
	Sandbox *imagetest.Sandbox
	// Scratch is for short-lived files, LogDir for one log file per image.
	Scratch, LogDir string
	// Events gets every event; nil ignores them.
	Events func(event.Event)
}

// result is one image's part of the summary, and what publishing it must know.
type result struct {
	event.Result
	basis  map[string]digests.Manifest // what it was built on now: references and digests of manifests
	unsure bool                        // its files changed while it was built
}

// Run carries out the plan. Failures are part of the summary; the error is for
// a run that could not begin. A plan that builds and tests nothing needs no
// Engine, Store, Scratch and LogDir.
func Run(ctx context.Context, p *plan.Plan, o Options) (event.Summary, error) {
	r := &run{Options: o, plan: p, results: map[*plan.Step]result{}}
	pub := newPublisher(r, p.Steps)
	start := time.Now()
	schedule(ctx, p.Steps, o.Jobs, r.enough.Load, func(ctx context.Context, s *plan.Step) event.Outcome {
		defer pub.settle(ctx, s)
		return r.step(ctx, s)
	}, func(s *plan.Step, causes []string) {
		defer pub.settle(ctx, s)
		r.blocked(s, causes)
	}, func(s *plan.Step) {
		defer pub.settle(ctx, s)
		r.cancelled(s)
	})
	pub.wait(ctx, p.Steps)
	summary := event.Summary{Took: time.Since(start)}
	for _, s := range p.Steps {
		summary.Results = append(summary.Results, r.results[s].Result)
	}
	summary.Interrupted = ctx.Err() != nil && !summary.Good()
	return summary, nil
}

// run is the state of one Run.
type run struct {
	Options
	plan   *plan.Plan
	bases  bases
	enough atomic.Bool // nothing more is to be started

	historyOnce sync.Once

	// testing lets one test run at a time: containers share the host's network,
	// and tests written for docker-pkg all publish the same ports.
	testing sync.Mutex

	mu      sync.Mutex // guards results and orders events
	results map[*plan.Step]result
}

func (r *run) emit(e event.Event) {
	if r.Events == nil {
		return
	}
	e.Time = time.Now()
	e.Text = r.Secrets.Text(e.Text)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Events(e)
}

// platformOf is what events and results of an image for several platforms have, to tell its targets apart.
func platformOf(img *fleet.Image) platform.Platform {
	if len(img.Platforms) < 2 {
		return ""
	}
	return img.Platform
}

func (r *run) finish(s *plan.Step, res event.Result) event.Outcome {
	return r.finishWith(s, result{Result: res})
}

func (r *run) finishWith(s *plan.Step, res result) event.Outcome {
	res.Image, res.Title = s.Image, s.Title()
	if s.Targets != nil {
		res.Targets = s.Image.Platforms
	} else {
		res.Platform = platformOf(s.Image)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[s] = res
	return res.Outcome
}

func (r *run) blocked(s *plan.Step, causes []string) {
	if s.Targets != nil { // what is wrong is told of these
		r.finish(s, event.Result{Outcome: event.NotBuilt})
		return
	}
	r.finish(s, event.Result{Outcome: event.NotBuilt, Causes: causes})
	r.emit(event.Event{Kind: event.Blocked, Image: s.Image.Ref, Platform: platformOf(s.Image), Causes: causes})
}

func (r *run) cancelled(s *plan.Step) {
	switch s.Action {
	case plan.Skip:
		r.finish(s, event.Result{Outcome: event.Skipped})
	default:
		if s.Action.Idle() {
			r.finish(s, event.Result{Outcome: event.Unchanged})
			return
		}
		r.finish(s, event.Result{Outcome: event.Interrupt})
		if s.Targets != nil {
			return
		}
		r.emit(event.Event{Kind: event.Cancelled, Image: s.Image.Ref, Platform: platformOf(s.Image)})
	}
}

// step does what the plan says of one image.
func (r *run) step(ctx context.Context, s *plan.Step) event.Outcome {
	switch s.Action {
	case plan.UpToDate, plan.Published, plan.Publish:
		return r.finish(s, event.Result{Outcome: event.Unchanged})
	case plan.Pull:
		return r.fetch(ctx, s)
	case plan.Skip:
		return r.finish(s, event.Result{Outcome: event.Skipped})
	case plan.Blocked:
		r.blocked(s, nil)
		return event.NotBuilt
	case plan.Foreign:
		return r.finish(s, event.Result{Outcome: event.NotBuilt, Err: r.Secrets.Error(s.Err)})
	case plan.Error:
		err := r.Secrets.Error(s.Err)
		r.emit(event.Event{Kind: event.Failed, Image: s.Image.Ref, Platform: platformOf(s.Image), Text: err.Error(), Phase: event.PhasePlan})
		return r.failed(s, event.Result{Err: err})
	}
	return r.work(ctx, s)
}

// work builds or tests one image.
func (r *run) work(ctx context.Context, s *plan.Step) event.Outcome {
	j := &job{run: r, step: s, image: s.Image, start: time.Now(), tries: 1}
	defer j.close()
	r.emit(event.Event{Kind: event.Started, Image: s.Image.Ref, Platform: platformOf(s.Image), Test: s.Action != plan.Build})
	j.record = r.beginRecord(ctx, s, j.start)
	err := j.openLog()
	outcome := event.Built
	if err == nil {
		outcome, err = j.do(ctx)
	}
	res := event.Result{Outcome: outcome, Digest: j.digest, Test: j.tested, Took: time.Since(j.start), Log: j.logPath}
	switch {
	case err == nil && s.Action == plan.Tag:
		r.emit(event.Event{Kind: event.Tagged, Image: s.Image.Ref, Platform: platformOf(s.Image), Digest: j.digest})
	case err == nil && outcome == event.Unchanged:
		r.emit(event.Event{Kind: event.Same, Image: s.Image.Ref, Platform: platformOf(s.Image), Digest: j.digest})
	case err == nil:
		r.emit(event.Event{Kind: event.Done, Image: s.Image.Ref, Platform: platformOf(s.Image), Digest: j.digest, Test: outcome == event.Tested, Seconds: res.Took.Seconds(), Log: j.logPath})
	case ctx.Err() != nil:
		res.Outcome = event.Interrupt
		r.emit(event.Event{Kind: event.Cancelled, Image: s.Image.Ref, Platform: platformOf(s.Image)})
	default:
		err = r.Secrets.Error(err)
		j.flush()
		fmt.Fprintf(j.log(), "error: %v\n", err)
		r.emit(event.Event{Kind: event.Failed, Image: s.Image.Ref, Platform: platformOf(s.Image), Text: err.Error(), Test: j.testing, Phase: j.phase(), Tail: j.tail.lines(), Seconds: res.Took.Seconds(), Log: j.logPath})
		res.Outcome, res.Err, res.Tail = event.BuildError, err, j.tail.lines()
		if j.testing {
			res.Test = event.TestFailed
		}
	}
	j.record.finish(ctx, j, res)
	if res.Outcome == event.BuildError {
		return r.failed(s, res)
	}
	return r.finishWith(s, result{res, j.basis, j.unsure})
}

func (r *run) failed(s *plan.Step, res event.Result) event.Outcome {
	if r.FailFast {
		r.enough.Store(true)
	}
	res.Outcome = event.BuildError
	return r.finish(s, res)
}
