package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/runner"
	"github.com/slipway-build/slipway/runner/remote"
	"github.com/slipway-build/slipway/state"
	"github.com/slipway-build/slipway/store"
)

// retryDelay is the pause before an image is tried again.
const retryDelay = 2 * time.Second

// buildRun is one "slipway build" on its way.
type buildRun struct {
	app        *app
	options    buildOptions
	config     *config.Config
	db         *state.DB
	view       view
	given      gifts
	began      time.Time
	folder     string // the working directory
	suffix     string // of the tags
	plan       plan.Options
	fleet      *fleet.Fleet
	decision   facts.Decision
	unfinished *runner.Unfinished // that this one goes on with; nil for none
	client     *registry.Client   // that was asked what is published; nil for none
}

// prepare settles the tags and what is to be built in any case, from the flags and from what an
// interrupted run of the same command has left.
func (r *buildRun) prepare(ctx context.Context) error {
	o := r.options
	var err error
	if r.folder, err = os.Getwd(); err != nil {
		return fmt.Errorf("cannot find the working directory: %w", err)
	}
	r.suffix, r.plan = o.suffix(r.began), o.options(r.config)
	if o.clean {
		r.plan.Force = func(*fleet.Image) bool { return true }
		return nil
	}
	if r.unfinished, err = runner.FindUnfinished(ctx, r.db, r.app.commandLine, r.folder); r.unfinished == nil {
		return err
	}
	last, done := r.unfinished.Run, r.unfinished.Done
	isDone := func(img *fleet.Image) bool { return done[state.Target{Ref: img.Ref, Platform: r.fleet.Platform}] }
	switch {
	case !o.resume:
		r.plan.Force = func(img *fleet.Image) bool { return o.force || isDone(img) }
	case o.force:
		r.plan.Force = func(img *fleet.Image) bool { return !isDone(img) }
	}
	if o.resume && last.Suffix != "" {
		r.suffix = last.Suffix
	}
	if o.resume && len(done) > 0 {
		fmt.Fprintf(r.app.Err, "going on with the run of %s, which was interrupted; images finished: %d\n",
			last.Began.Local().Format(time.DateTime), len(done))
	}
	return nil
}

func (r *buildRun) decide(ctx context.Context) (err error) {
	r.plan.Refuse = r.given.refuses(r.fleet)
	r.decision, err = r.app.decide(ctx, r.db, r.config, r.fleet, r.plan, r.client)
	return orLocal(ctx, r.options.planOptions, err)
}

// forget drops what the state knows of the images that --clean is about.
func (r *buildRun) forget(ctx context.Context) error {
	selection := fleet.NewSelection(r.options.selection)
	var refs, folders []string
	for _, img := range r.fleet.Images {
		if selection.Matches(img) {
			refs, folders = append(refs, img.Ref), append(folders, r.fleet.Folder(img))
			if canonical, err := store.Normalize(img.Ref); err == nil && canonical != img.Ref {
				refs = append(refs, canonical) // as registries' answers are kept
			}
		}
	}
	return r.db.Forget(ctx, refs, folders)
}

// withEngine starts the engine and what image tests need, and walks the plan.
func (r *buildRun) withEngine(ctx context.Context) (err error) {
	a := r.app
	// Unlike that which was asked before, this client takes nothing for granted.
	way, err := configuredRegistry(r.config, registry.Options{UserAgent: userAgent(), Memory: facts.Memory{State: r.db}, Warn: a.printWarning})
	if err != nil {
		return err
	}
	client, err := registry.New(way)
	if err != nil {
		return err
	}
	defer client.Close()
	files := way.Network.Files()
	defer files.CloseIdleConnections()
	process, waited, err := a.startEngineWith(ctx, func(o *embedded.Options) {
		o.Hosts, o.Transport, o.Proxies = client.Hosts, files, way.Network.Git()
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.Close()) }()
	if waited { // for a process that may have built some of it
		if err := r.decide(ctx); err != nil {
			return err
		}
	}
	r.view.plan(r.decision.Plan)
	stop, err := serveDocker(ctx, process) // for "slipway run"
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	tests, err := sandbox(process, r.config)
	if err != nil {
		return err
	}
	var left []error
	tests.Left = func(err error) { left = append(left, err) }
	defer func() { err = errors.Join(append([]error{err, tests.Close()}, left...)...) }()
	s := process.Services()
	e := engine.New(s.BuildKit)
	images := store.New(s.Images, s.Content)
	o := runner.Options{
		Engine:     e,
		Store:      images,
		Inputs:     r.decision.Inputs,
		Jobs:       r.options.jobs,
		NoCache:    !r.options.useCache,
		FailFast:   r.options.failFast,
		Retries:    r.options.retries,
		RetryDelay: retryDelay,
		Free:       e.EmptyCache,
		Args:       proxies(r.config).Variables(),
		Secrets:    a.secrets,
		Given:      r.given.of,
		Private:    r.given.files(),
		Limits:     engine.Limits(r.config.ContainerLimits),
		Test:       verification(r.config),
		Sandbox:    tests,
		Scratch:    embedded.TempDir(process.Root()),
		LogDir:     filepath.Join(process.Root(), "logs"),
	}
	o.Remote = &remote.Registries{Client: client, Store: images, Content: s.Content, Hold: process.Hold, Platform: r.fleet.Platform, UpdateID: r.config.UpdateID}
	return r.run(ctx, o)
}

// run walks the plan, and records and reports how it went.
func (r *buildRun) run(ctx context.Context, o runner.Options) error {
	o.Fleet, o.Events = r.fleet, func(e event.Event) {
		if e.Kind != event.Output && e.Kind != event.StepBegan { // those are others' words
			e.Text = r.app.typed.complete(e.Text)
		}
		r.view.event(e)
	}
	history := &recorder{DB: r.db}
	if o.Engine != nil { // what changes nothing is no history
		history = r.beginHistory(ctx, &o)
	}
	summary, err := runner.Run(ctx, r.decision.Plan, o)
	summary.Took = time.Since(r.began) // with what was read before
	if err != nil {
		return err
	}
	for i := range summary.Results {
		res := &summary.Results[i]
		res.Err, res.PublishErr = r.app.typed.error(res.Err), r.app.typed.error(res.PublishErr)
	}
	broken := r.app.told(r.fleet.Broken)
	outcome := r.view.finish(summary, broken)
	if o.Engine == nil && r.unfinished != nil { // nothing is left of it, or the next run would go on with it, too
		o.RunID = r.unfinished.Run.ID
	}
	r.endHistory(ctx, history, o.RunID, summary)
	r.remember(ctx, summary)
	if r.options.junit != "" {
		err = writeJUnit(r.options.junit, summary, r.fleet, broken)
	}
	if err != nil { // the outcome's own text is printed already
		r.app.printError(err)
		return outcomeOr(outcome, &exitError{code: exitFailed})
	}
	return outcome
}

func outcomeOr(outcome, other error) error {
	if outcome != nil {
		return outcome
	}
	return other
}

func runOutcome(s event.Summary) string {
	switch {
	case s.Interrupted:
		return state.OutcomeInterrupted
	case !s.Good():
		return state.OutcomeFailed
	}
	return state.OutcomeDone
}

// remember notes what the registry has, so that a later run can tell what others did to it.
func (r *buildRun) remember(ctx context.Context, s event.Summary) {
	digests := map[string]string{}
	for _, step := range r.decision.Plan.Steps {
		if step.Action == plan.Published || step.Action == plan.Pull {
			digests[step.Image.Ref] = step.Digest
		}
	}
	for _, result := range s.Results {
		if result.Publishing == event.PublishDone {
			digests[result.Image.Ref] = result.PublishDigest
		}
	}
	if err := r.db.SetPublished(context.WithoutCancel(ctx), digests); err != nil {
		r.app.printWarning("what was published is not remembered: " + err.Error())
	}
}
