package slipway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/runner"
	"github.com/slipway-build/slipway/runner/remote"
	"github.com/slipway-build/slipway/state"
	"github.com/slipway-build/slipway/store"
)

// retryDelay is the pause before an image is tried again.
const retryDelay = 2 * time.Second

// BuildOptions say what is built, and how.
type BuildOptions struct {
	PlanOptions
	// Jobs is how many images build at a time; less than one is one.
	Jobs int
	// UseCache takes the results of RUN steps from earlier builds.
	UseCache bool
	// FailFast begins nothing more after the first failure.
	FailFast bool
	// Retries is how often an image is tried again after a fault that may pass by itself.
	Retries int
	// Anew does not go on with a run of the same command that was interrupted.
	Anew bool
	// Clean forgets what is known of the selected images, and builds them.
	Clean bool
	// Observer is told how the run goes; nil is nobody.
	Observer Observer
}

// Observer follows a run. Its methods are called in this order; calls come one at a time, those of Event from
// several goroutines.
type Observer interface {
	// Scanning says that the fleet is read now.
	Scanning()
	// Planned has what will be done.
	Planned(*plan.Plan)
	// Event is one thing that happened.
	Event(event.Event)
	// Finished says how the run went, before the engine ends.
	Finished(*Built)
}

// nobody observes nothing.
type nobody struct{}

func (nobody) Scanning()          {}
func (nobody) Planned(*plan.Plan) {}
func (nobody) Event(event.Event)  {}
func (nobody) Finished(*Built)    {}

// Built is how a build went. What failed is in the summary, and is no error.
type Built struct {
	Fleet   *fleet.Fleet
	Plan    *plan.Plan
	Summary event.Summary
	// Broken are the definitions that could not be read.
	Broken []fleet.Problem
}

// Build builds, tests and publishes what the plan says, and remembers how it went. Its error is for a run that
// could not begin, or could not be brought to an end; then Built may be nil. What failed is in the summary: see
// event.Summary.Good.
func (s *Session) Build(ctx context.Context, o BuildOptions) (built *Built, err error) {
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	given, err := s.given(ctx, o.Given)
	if err != nil {
		return nil, err
	}
	db, err := s.openState(ctx, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r := &buildRun{Session: s, options: o, db: db, given: given, began: time.Now()}
	if err := s.mended(ctx, db, func() error { return r.prepare(ctx) }); err != nil {
		return nil, err
	}
	o.Observer.Scanning()
	release, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	s.warnPlan(r.decision.Plan, o.Select)
	s.warnUntested(r.fleet, r.decision.Plan)
	s.warnGit(r.fleet)
	s.noteUngiven(r.decision.Plan, given)
	if s.asks(o.PlanOptions) && !s.Publishes(o.PlanOptions) && o.Publish == IfCredentials && unpublished(r.decision.Plan) {
		s.tell(Note, "nothing is published: the configuration has no username and password; --publish takes those of `"+s.loginCommand()+"`")
	}
	if needsEngine(r.decision.Plan) {
		err = r.withEngine(ctx)
	} else {
		o.Observer.Planned(r.decision.Plan)
		err = r.run(ctx, runner.Options{Secrets: s.known()})
	}
	return r.built, err
}

// buildRun is one call of Build on its way.
type buildRun struct {
	*Session
	options    BuildOptions
	db         *state.DB
	given      gifts
	began      time.Time
	folder     string // the working directory
	suffix     string // of the tags
	plan       plan.Options
	fleet      *fleet.Fleet
	decision   facts.Decision
	unfinished *runner.Unfinished // that this one goes on with; nil for none
	client     *registry.Client   // that was asked what is published; nil for none
	built      *Built
}

// prepare settles the tags and what is to be built in any case, from the options and from what an
// interrupted run of the same command has left.
func (r *buildRun) prepare(ctx context.Context) error {
	o := r.options
	var err error
	if r.folder, err = os.Getwd(); err != nil {
		return fmt.Errorf("cannot find the working directory: %w", err)
	}
	r.suffix, r.plan = o.suffix(r.began), r.planned(o.PlanOptions)
	if o.Clean {
		r.plan.Force = func(*fleet.Image) bool { return true }
		return nil
	}
	if r.unfinished, err = runner.FindUnfinished(ctx, r.db, r.opts.Command, r.folder); r.unfinished == nil {
		return err
	}
	last, done := r.unfinished.Run, r.unfinished.Done
	isDone := func(img *fleet.Image) bool { return done[state.Target{Ref: img.Ref, Platform: string(img.Platform)}] }
	switch {
	case o.Anew:
		r.plan.Force = func(img *fleet.Image) bool { return o.Force || isDone(img) }
	case o.Force:
		r.plan.Force = func(img *fleet.Image) bool { return !isDone(img) }
	}
	if !o.Anew && last.Suffix != "" {
		r.suffix = last.Suffix
	}
	if !o.Anew && len(done) > 0 {
		r.tell(Progress, fmt.Sprintf("going on with the run of %s, which was interrupted; images finished: %d",
			last.Began.Local().Format(time.DateTime), len(done)))
	}
	return nil
}

// read reads the fleet and decides. The fleet's files stay until release is called.
func (r *buildRun) read(ctx context.Context) (release func(), err error) {
	release = func() {}
	defer r.opts.Reading()()
	err = r.steady(ctx, r.options.Directory, false, func() (err error) {
		release()
		release, err = r.readOnce(ctx)
		return err
	})
	return release, err
}

func (r *buildRun) readOnce(ctx context.Context) (release func(), err error) {
	nothing := func() {}
	if r.fleet, release, err = r.Session.read(ctx, reading{directory: r.options.Directory, suffix: r.suffix, repositories: allOf}); err != nil {
		return nothing, err
	}
	if r.options.Clean {
		err = r.mended(ctx, r.db, func() error { return r.unwritten(ctx, "the state is not forgotten", r.forget(ctx)) })
	}
	if err == nil && r.client == nil {
		r.client, err = r.asked(r.options.PlanOptions, r.db)
	}
	if err == nil {
		err = r.decide(ctx)
	}
	if err != nil {
		release()
		return nothing, err
	}
	return release, nil
}

func (r *buildRun) decide(ctx context.Context) (err error) {
	r.plan.Refuse = r.given.refuses(r.fleet)
	r.decision, err = r.Session.decide(ctx, r.db, r.fleet, r.plan, r.client)
	return orLocal(ctx, r.options.PlanOptions, err)
}

// forget drops what the state knows of the images that Clean is about.
func (r *buildRun) forget(ctx context.Context) error {
	selection := fleet.NewSelection(r.options.Select)
	var refs, folders []string
	for _, img := range r.fleet.Images {
		if selection.Matches(img) {
			refs, folders = append(refs, img.Ref), append(folders, r.fleet.Folder(img))
			if canonical := ref.Canonical(img.Ref); canonical != img.Ref {
				refs = append(refs, canonical) // as registries' answers are kept
			}
		}
	}
	return r.db.Forget(ctx, refs, folders)
}

// withEngine starts the engine and what image tests need, and walks the plan.
func (r *buildRun) withEngine(ctx context.Context) (err error) {
	// Unlike that which was asked before, this client takes nothing for granted.
	client, way, err := r.registryClient(func(o *registry.Options) { o.Memory = facts.Memory{State: r.db} })
	if err != nil {
		return err
	}
	defer client.Close()
	files := way.Network.Files()
	defer files.CloseIdleConnections()
	process, waited, err := r.startEngineWith(ctx, func(o *embedded.Options) {
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
	r.options.Observer.Planned(r.decision.Plan)
	stop, err := serveDocker(ctx, process) // for "slipway run"
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	tests, err := r.sandbox(process)
	if err != nil {
		return err
	}
	var left []error
	tests.Left = func(err error) { left = append(left, err) }
	defer func() { err = errors.Join(append([]error{err, tests.Close()}, left...)...) }()
	services := process.Services()
	e := engine.New(services.BuildKit)
	images := store.New(services.Images, services.Content)
	o := runner.Options{
		Engine:     e,
		Store:      images,
		Inputs:     r.decision.Inputs,
		Jobs:       r.options.Jobs,
		NoCache:    !r.options.UseCache,
		FailFast:   r.options.FailFast,
		Retries:    r.options.Retries,
		RetryDelay: retryDelay,
		Free:       e.EmptyCache,
		Args:       proxies(r.config).Variables(),
		Secrets:    r.known(),
		Given:      r.given.of,
		Private:    r.given.files(),
		Limits:     engine.Limits(r.config.ContainerLimits),
		Test:       verification(r.config),
		Sandbox:    tests,
		Scratch:    embedded.TempDir(process.Root()),
		LogDir:     filepath.Join(process.Root(), "logs"),
	}
	o.Remote = &remote.Registries{Client: client, Store: images, Content: services.Content, Hold: process.Hold, Platform: string(r.fleet.Platform), UpdateID: r.config.UpdateID}
	return r.run(ctx, o)
}

// run walks the plan, and records and reports how it went.
func (r *buildRun) run(ctx context.Context, o runner.Options) error {
	o.Fleet, o.Events = r.fleet, func(e event.Event) {
		if e.Kind != event.Output && e.Kind != event.StepBegan { // those are others' words
			e.Text = r.opts.Complete(e.Text)
		}
		r.options.Observer.Event(e)
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
	r.built = &Built{Fleet: r.fleet, Plan: r.decision.Plan, Summary: summary, Broken: r.Told(r.fleet.Broken)}
	r.options.Observer.Finished(r.built)
	if o.Engine == nil && r.unfinished != nil { // nothing is left of it, or the next run would go on with it, too
		o.RunID = r.unfinished.Run.ID
	}
	r.endHistory(ctx, history, o.RunID, summary)
	r.remember(ctx, summary)
	return nil
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
	now := map[string]digests.Manifest{}
	for _, step := range r.decision.Plan.Steps {
		if step.Action == plan.Published || step.Action == plan.Pull {
			now[step.Image.Ref] = step.Digest
		}
	}
	for _, result := range s.Results {
		if result.Publishing == event.PublishDone {
			now[result.Image.Ref] = result.PublishDigest
		}
	}
	if err := r.db.SetPublished(context.WithoutCancel(ctx), now); err != nil {
		r.warn("what was published is not remembered: " + err.Error())
	}
}

// loginCommand is the command that keeps credentials for the configuration's registry.
func (s *Session) loginCommand() string {
	host, _, err := registry.SplitPrefix(s.config.Registry)
	if err != nil {
		host = s.config.Registry
	}
	return "slipway login " + host
}

// unpublished tells whether there are, or will be, images that the registry lacks.
func unpublished(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s *plan.Step) bool {
		return s.Digest == "" && s.Action != plan.Skip && !s.Action.Stuck()
	})
}

// needsEngine tells whether anything is to be built, fetched or published: an engine is not
// started to find out that there is nothing to do.
func needsEngine(p *plan.Plan) bool {
	for _, s := range p.Steps {
		if s.Publish || !s.Action.Idle() && !s.Action.Stuck() {
			return true
		}
	}
	return false
}
