package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/build"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/store"
)

type buildOptions struct {
	directory string
	nightly   bool
	snapshot  bool
	useCache  bool
	noPull    bool
	selection string
	jobs      int
	dryRun    bool
	asJSON    bool
	failFast  bool
	progress  string
}

const buildLong = `Builds the images of DIRECTORY that are not in the store yet, each with the
dependencies it needs, in the order of the graph and several at a time. Each
image is tested when it is built; one whose test fails is not kept.

One failure does not stop the others: what depends on the failed image is
reported as blocked by it, everything else is built, and the exit code is 1.

RUN steps are run anew unless --use-cache is given, so an "apt-get update" is
never stale. Log files, one per image, are in the folder "logs" of --root.`

const buildExample = `  slipway build images/
  slipway build --select '*nodejs*' images/   only these and what they need
  slipway build --nightly images/             tags end in today's date
  slipway build --dry-run --json images/      the plan, for a machine`

func (a *app) buildCommand() *cobra.Command {
	var o buildOptions
	cmd := &cobra.Command{
		Use: "build [flags] DIRECTORY", Short: "Build what is not there yet",
		Long: buildLong, Example: buildExample, Args: exactArgs("DIRECTORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.directory = args[0]
			return a.build(cmd, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.nightly, "nightly", false, "append -YYYYMMDD to every tag, so that all is built anew")
	f.BoolVar(&o.snapshot, "snapshot", false, "append -YYYYMMDD-HHMMSS to every tag")
	f.BoolVar(&o.useCache, "use-cache", false, "reuse the results of RUN steps whose inputs did not change")
	f.BoolVar(&o.noPull, "no-pull", false, "do not look for newer versions of base images")
	f.StringVar(&o.selection, "select", "", "build only images whose name:tag matches `GLOB`, and what they need")
	f.IntVarP(&o.jobs, "jobs", "j", defaultJobs(), "build `N` images at a time")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be built, and why; build nothing")
	f.BoolVar(&o.asJSON, "json", false, "with --dry-run: print the plan as JSON")
	f.BoolVar(&o.failFast, "fail-fast", false, "start nothing more after the first failure")
	f.StringVar(&o.progress, "progress", "auto", "how to show progress: auto, tty, plain or json")
	cmd.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions([]string{"auto", "tty", "plain", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func defaultJobs() int { return max(1, runtime.NumCPU()) }

// tagSuffix is what --nightly and --snapshot append to every tag.
func (o buildOptions) tagSuffix(now time.Time) string {
	switch {
	case o.nightly:
		return now.Format("-20060102")
	case o.snapshot:
		return now.Format("-20060102-150405")
	}
	return ""
}

// build is decide, show, do.
func (a *app) build(cmd *cobra.Command, o buildOptions) error {
	ctx := cmd.Context()
	view, err := a.newView(o.progress)
	if err != nil {
		return usageError(cmd, err)
	}
	switch {
	case o.nightly && o.snapshot:
		return usageError(cmd, errors.New("--nightly and --snapshot exclude each other"))
	case o.jobs < 1:
		return usageError(cmd, fmt.Errorf("-j %d: at least one image must build at a time", o.jobs))
	}
	if o.asJSON && !o.dryRun {
		return usageError(cmd, errors.New("--json goes with --dry-run; --progress json shows a build for machines"))
	}
	cfg, err := a.loadConfig(cmd)
	if err != nil {
		return err
	}
	if !o.asJSON {
		view.heading("Step 0: scanning " + o.directory)
	}
	f, err := a.scan(ctx, cfg, o.directory, o.tagSuffix(time.Now()))
	if err != nil {
		return err
	}
	facts, err := a.facts(ctx)
	if err != nil {
		return err
	}
	p := plan.Make(f, facts, plan.Options{Select: o.selection})
	a.warn(cfg, p, o)
	if o.dryRun {
		if err := a.showPlan(p, o.asJSON); err != nil {
			return err
		}
		return brokenError(f, p)
	}
	if needsEngine(p) {
		return a.runPlan(ctx, cfg, f, p, o, view)
	}
	view.plan(p)
	summary, err := build.Run(ctx, p, build.Options{Fleet: f, Events: view.event})
	if err != nil {
		return err
	}
	return view.finish(summary, f)
}

// warn says what is probably not meant.
func (a *app) warn(cfg *config.Config, p *plan.Plan, o buildOptions) {
	matched := slices.ContainsFunc(p.Steps, func(s *plan.Step) bool { return s.Action != plan.Skip })
	if o.selection != "" && !matched {
		fmt.Fprintf(a.Err, "warning: no image matches --select %q\n", o.selection)
	}
	for _, proxy := range []struct{ manager, url string }{
		{"apt", cfg.APTOnlyProxy}, {"apk", cfg.APKOnlyProxy}, {"dnf", cfg.DNFOnlyProxy},
	} {
		if proxyPassword(proxy.url) != "" {
			fmt.Fprintf(a.Err, "warning: the proxy for %[1]s has a password: %[1]s_install writes it into the Dockerfile, and so into the image's history\nhint: give %[1]s_only_proxy without a password\n", proxy.manager)
		}
	}
	if cfg.Username != "" && cfg.Password != "" {
		fmt.Fprintln(a.Err, "warning: username and password are set, but this version of slipway does not publish; images stay in the store")
	}
}

// scan reads the fleet and says its warnings.
func (a *app) scan(ctx context.Context, cfg *config.Config, dir, suffix string) (*fleet.Fleet, error) {
	undone, err := fleet.RecoverUpdate(dir)
	if err != nil {
		return nil, err
	}
	if undone > 0 {
		fmt.Fprintf(a.Err, "warning: an update of %d changelogs was interrupted; they are as before it\n", undone)
	}
	f, err := fleet.Scan(ctx, fleet.ScanOptions{
		Dir: dir, Config: cfg, TagSuffix: suffix, ParseDockerfile: parseDockerfile,
	})
	if err != nil {
		return nil, err
	}
	for _, w := range f.Warnings {
		printWarning(a.Err, w.Error())
	}
	return f, nil
}

// facts are what the store holds, read without an engine.
func (a *app) facts(ctx context.Context) (plan.Facts, error) {
	list, err := a.stored(ctx)
	if err != nil {
		return plan.Facts{}, err
	}
	return newFacts(list), nil
}

// needsEngine tells whether anything is to be built: an engine is not
// started to find out that there is nothing to do.
func needsEngine(p *plan.Plan) bool {
	for _, s := range p.Steps {
		if s.Action == plan.Build {
			return true
		}
	}
	return false
}

// runPlan starts the engine and what image tests need, and walks the plan.
func (a *app) runPlan(ctx context.Context, cfg *config.Config, f *fleet.Fleet, p *plan.Plan, o buildOptions, view view) (err error) {
	process, waited, err := a.startEngine(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, process.Close()) }()
	if waited { // for a process that may have built some of it
		facts, err := a.facts(ctx)
		if err != nil {
			return err
		}
		p = plan.Make(f, facts, plan.Options{Select: o.selection})
	}
	view.plan(p)
	tests, stop, err := a.startTestRuntime(ctx, process, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	s := process.Services()
	summary, err := build.Run(ctx, p, build.Options{
		Engine:   engine.New(s.BuildKit),
		Store:    store.New(s.Images, s.Content),
		Fleet:    f,
		Jobs:     o.jobs,
		NoCache:  !o.useCache,
		FailFast: o.failFast,
		Args:     cfg.ProxyArgs(),
		Secrets:  secrets(cfg),
		Limits:   engine.Limits(cfg.ContainerLimits),
		Test:     tests,
		Scratch:  embedded.TempDir(process.Root()),
		LogDir:   filepath.Join(process.Root(), "logs"),
		Events:   view.event,
	})
	if err != nil {
		return err
	}
	return view.finish(summary, f)
}

// secrets are the passwords that the configuration holds.
func secrets(cfg *config.Config) []string {
	out := []string{cfg.Password.Reveal()}
	for _, proxy := range []string{cfg.HTTPProxy, cfg.APTOnlyProxy, cfg.APKOnlyProxy, cfg.DNFOnlyProxy} {
		password := proxyPassword(proxy)
		if password == "" {
			continue
		}
		out = append(out, password)
		if decoded, err := url.PathUnescape(password); err == nil && decoded != password {
			out = append(out, decoded) // programs print it as they are given it, or as they send it
		}
	}
	return out
}

var proxyUser = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#@:]*:([^/?#]*)@`)

// proxyPassword is the password as the address has it; curl and apt take one without a scheme, too.
func proxyPassword(proxy string) string {
	m := proxyUser.FindStringSubmatch(proxy)
	if m == nil {
		return ""
	}
	return m[1]
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
				errs = append(errs, s.Image.Err)
			}
		}
	}
	return errors.Join(errs...)
}
