package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/runner"
)

type buildOptions struct {
	planOptions
	useCache  bool
	jobs      int
	dryRun    bool
	failFast  bool
	keepGoing bool
	resume    bool
	clean     bool
	retries   int
	progress  string
	junit     string
}

const buildLong = `Builds the images of DIRECTORY, and those that the configuration lists under
"builder", or without DIRECTORY only the latter: those that are not in the store as
they would be made now, each with the dependencies it needs, in the order of the graph
and several at a time. "slipway plan" says which, and why. Each image is tested when
it is built; one whose test fails is not kept.

If the configuration has a registry, what is published there counts as done, and
with username and password (or --publish) each image is published, as its version
and as "latest", when it is good and all that it is made from is published.

One failure does not stop the others: what depends on the failed image is
reported as blocked by it, everything else is built, and the exit code is 1. What
passes by itself (a network that is down, a server's error, a mirror that is being
updated) is tried again. A run that was interrupted goes on where it stopped.

--secret and --ssh give RUN --mount=type=secret and type=ssh of all images what they ask
for, "slipway.secrets" and "slipway.ssh" of the configuration by images. What a step needs and
nobody gives is an error of its image. Nothing of it is in an image or a log.

RUN steps are run anew unless --use-cache is given, so an "apt-get update" is
never stale. Log files, one per image, are in the folder "logs" of --root; "slipway
log NAME" prints one, "slipway history" lists what was built when.`

const buildExample = `  slipway build images/
  slipway build --select '*nodejs*' images/   only these and what they need
  slipway build --nightly images/             tags end in today's date
  slipway build --secret id=npm,src=npmrc --ssh default images/
  slipway build --dry-run --json images/      the plan, for a machine
  slipway build --junit report.xml images/    a report for CI`

func (a *app) buildCommand() *cobra.Command {
	var o buildOptions
	cmd := &cobra.Command{
		Use: "build [flags] [DIRECTORY]", Short: "Build what is not there yet, or changed",
		Long: buildLong, Example: buildExample, Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.setDirectory(args)
			return a.build(cmd, o)
		},
	}
	o.planOptions.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.useCache, "use-cache", false, "reuse the results of RUN steps whose inputs did not change")
	f.IntVarP(&o.jobs, "jobs", "j", defaultJobs(), "build `N` images at a time")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be built, and why; build nothing")
	f.BoolVar(&o.asJSON, "json", false, "with --dry-run: print the plan as JSON")
	f.BoolVar(&o.keepGoing, "keep-going", true, "build what does not depend on a failed image")
	f.BoolVar(&o.failFast, "fail-fast", false, "start nothing more after the first failure")
	f.BoolVar(&o.resume, "resume", true, "keep what an interrupted run has built; --resume=false builds it again")
	f.BoolVar(&o.clean, "clean", false, "start over: forget what is known of the selected images, build again those that are not published")
	f.IntVar(&o.retries, "retries", 2, "try an image `N` more times after a fault that may pass")
	f.StringVar(&o.junit, "junit", "", "write a report in JUnit's XML to `FILE`")
	f.StringVar(&o.progress, "progress", "auto", "how to show progress: auto, tty, plain or json")
	cmd.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions([]string{"auto", "tty", "plain", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func defaultJobs() int { return max(1, runtime.NumCPU()) }

// checkBuild refuses flags that exclude each other.
func (a *app) checkBuild(cmd *cobra.Command, o *buildOptions) error {
	switch {
	case o.jobs < 1:
		return usageError(cmd, fmt.Errorf("-j %d: at least one image must build at a time", o.jobs))
	case o.retries < 0:
		return usageError(cmd, fmt.Errorf("--retries %d: zero is the least", o.retries))
	case o.asJSON && !o.dryRun:
		return usageError(cmd, errors.New("--json goes with --dry-run; --progress json shows a build for machines"))
	case o.failFast && o.keepGoing && cmd.Flags().Changed("keep-going"):
		return usageError(cmd, errors.New("--keep-going and --fail-fast exclude each other"))
	case o.clean && o.dryRun:
		return usageError(cmd, errors.New("--clean and --dry-run exclude each other"))
	}
	o.failFast = o.failFast || !o.keepGoing
	return a.checkPlan(cmd, &o.planOptions)
}

// build is decide, show, do.
func (a *app) build(cmd *cobra.Command, o buildOptions) (err error) {
	ctx := cmd.Context()
	if err := a.checkBuild(cmd, &o); err != nil {
		return err
	}
	view, err := a.newView(o.progress)
	if err != nil {
		return usageError(cmd, err)
	}
	cfg, err := a.loadConfig(cmd)
	if err != nil {
		return err
	}
	if o.dryRun {
		return a.planOnly(cmd, cfg, o.planOptions)
	}
	given, err := a.given(cmd, cfg, o.given)
	if err != nil {
		return err
	}
	outliveReaders()
	if o.junit != "" {
		if err := checkReport(o.junit); err != nil {
			return err
		}
	}
	db, err := a.openState(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r := &buildRun{app: a, options: o, config: cfg, db: db, view: view, given: given, began: time.Now()}
	if err := a.mended(ctx, db, func() error { return r.prepare(ctx) }); err != nil {
		return err
	}
	view.heading("Step 0: scanning " + cmp.Or(o.directory, theList))
	release, err := r.read(cmd)
	if err != nil {
		return err
	}
	defer release()
	a.warn(cfg, r.decision.Plan, o.selection)
	a.warnUntested(r.config, r.fleet, r.decision.Plan)
	a.warnGit(r.fleet)
	a.noteUngiven(r.decision.Plan, given)
	if o.asks(cfg) && !o.publishes(cfg) && !o.publishSaid && unpublished(r.decision.Plan) {
		fmt.Fprintln(a.Err, "note: nothing is published: the configuration has no username and password; --publish takes those of "+a.typed.complete("`"+login(cfg)+"`"))
	}
	if needsEngine(r.decision.Plan) {
		return r.withEngine(ctx)
	}
	view.plan(r.decision.Plan)
	return r.run(ctx, runner.Options{Secrets: a.secrets})
}

// read reads the fleet and decides. The fleet's files stay until release is called.
func (r *buildRun) read(cmd *cobra.Command) (release func(), err error) {
	release = func() {}
	defer hurry()()
	err = r.app.steady(cmd.Context(), r.options.directory, false, func() (err error) {
		release()
		release, err = r.readOnce(cmd)
		return err
	})
	return release, err
}

func (r *buildRun) readOnce(cmd *cobra.Command) (release func(), err error) {
	ctx, a := cmd.Context(), r.app
	nothing := func() {}
	if r.fleet, release, err = a.read(cmd, r.config, r.options.reading(r.suffix)); err != nil {
		return nothing, err
	}
	if r.options.clean {
		err = a.mended(ctx, r.db, func() error { return a.unwritten(ctx, "the state is not forgotten", r.forget(ctx)) })
	}
	if err == nil && r.client == nil {
		r.client, err = a.asked(r.config, r.options.planOptions, r.db)
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

// warn says what is probably not meant.
func (a *app) warn(cfg *config.Config, p *plan.Plan, selection string) {
	matched := slices.ContainsFunc(p.Steps, func(s *plan.Step) bool { return s.Action != plan.Skip })
	if !matched {
		a.warnUnselected(selection)
	}
	for _, s := range p.Steps {
		if s.Unread != nil && s.Action != plan.Skip {
			a.warnUnread(s)
		}
	}
	if cfg.Registry != "" && (cfg.Username == "") != (cfg.Password == "") {
		fmt.Fprintln(a.Err, "warning: of username and password only one is given: nothing is published, and the registry is asked without them")
	}
	for _, proxy := range []struct{ manager, url string }{
		{"apt", cfg.APTOnlyProxy}, {"apk", cfg.APKOnlyProxy}, {"dnf", cfg.DNFOnlyProxy},
	} {
		if config.AddressPassword(proxy.url) != "" {
			a.printWarning(problem.Text(fmt.Sprintf("the proxy for %[1]s has a password: %[1]s_install writes it into the Dockerfile, and so into the image's history", proxy.manager),
				fmt.Sprintf("give %s_only_proxy without a password", proxy.manager)))
		}
	}
}

// warnUntested says that no image is tested because of a word of verify_args that seems to be more than the
// path of a file: an image without that file counts as one without a test, as with docker-pkg.
func (a *app) warnUntested(cfg *config.Config, f *fleet.Fleet, p *plan.Plan) {
	names, err := verification(cfg).Names()
	if err != nil {
		return // the plan says it
	}
	for _, name := range imagetest.Attached(names) {
		if slices.ContainsFunc(p.Steps, func(s *plan.Step) bool {
			_, err := os.Stat(imagetest.Fill(name, f.Folder(s.Image), ""))
			return err == nil
		}) {
			continue
		}
		a.printWarning(problem.Text(fmt.Sprintf("no image is tested: verify_args name %q as a file of the test, and no image has it", name),
			"write {path} and what is below it as a word of its own, with spaces around it"))
	}
}

// warnUnread says what is wrong with the definition of a published image.
func (a *app) warnUnread(s *plan.Step) {
	for _, err := range problem.Each(s.Unread) {
		text, hint := problem.Split(err)
		a.printWarning(problem.Text(fmt.Sprintf("%s; %s:%s is published, and stays as it is", text, s.Image.Name, s.Image.Tag), hint))
	}
}

// warnUnselected says that --select left nothing.
func (a *app) warnUnselected(glob string) {
	if glob != "" {
		fmt.Fprintf(a.Err, "warning: no image matches --select %q\n", glob)
	}
}

// login is the command that keeps credentials for the configuration's registry.
func login(cfg *config.Config) string {
	host, _, err := registry.SplitPrefix(cfg.Registry)
	if err != nil {
		host = cfg.Registry
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

// brokenError is what is wrong with definitions, for commands that go on with
// the others: what cannot be read and, given a plan, what cannot be built.
func brokenError(f *fleet.Fleet, p *plan.Plan) error {
	var errs []error
	for _, b := range f.Broken {
		errs = append(errs, b)
	}
	if p != nil {
		for _, s := range p.Steps {
			if s.Action == plan.Error {
				errs = append(errs, s.Err)
			}
		}
	}
	return errors.Join(errs...)
}
