package cli

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/plan"
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

func (a *app) build(cmd *cobra.Command, o buildOptions) error {
	if err := a.checkBuild(cmd, &o); err != nil {
		return err
	}
	view, err := a.newView(o.progress)
	if err != nil {
		return usageError(cmd, err)
	}
	s, err := a.fleetSession(cmd)
	if err != nil {
		return err
	}
	if o.dryRun {
		return a.planOnly(cmd, s, o.planOptions)
	}
	outliveReaders()
	if o.junit != "" {
		if err := checkReport(o.junit); err != nil {
			return err
		}
	}
	watch := &watcher{app: a, view: view, directory: o.directory, junit: o.junit}
	_, err = s.Build(cmd.Context(), slipway.BuildOptions{
		PlanOptions: o.planOptions.options(), Jobs: o.jobs, UseCache: o.useCache, FailFast: o.failFast,
		Retries: o.retries, Anew: !o.resume, Clean: o.clean, Observer: watch,
	})
	return errors.Join(watch.outcome, usage(cmd, err))
}

// watcher shows a run as a view does, and writes the report.
type watcher struct {
	app              *app
	view             view
	directory, junit string
	outcome          error
}

func (w *watcher) Scanning() { w.view.heading("Step 0: scanning " + cmp.Or(w.directory, theList)) }

func (w *watcher) Planned(p *plan.Plan) { w.view.plan(p) }

func (w *watcher) Event(e event.Event) { w.view.event(e) }

func (w *watcher) Finished(b *slipway.Built) {
	for i := range b.Summary.Results {
		res := &b.Summary.Results[i]
		res.Err, res.PublishErr = w.app.typed.error(res.Err), w.app.typed.error(res.PublishErr)
	}
	w.outcome = w.view.finish(b.Summary, b.Broken)
	if w.junit == "" {
		return
	}
	if err := writeJUnit(w.junit, b.Summary, b.Fleet, b.Broken); err != nil {
		w.app.printError(err) // the outcome's own text is printed already
		if w.outcome == nil {
			w.outcome = &exitError{code: exitFailed}
		}
	}
}

// theList is what is read without a directory, for headings.
const theList = "the list of images"
