package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

// planOptions are the flags that "plan" and "build" share.
type planOptions struct {
	directory            string
	nightly              bool
	snapshot             bool
	selection            string
	force                bool
	local                bool
	noPull               bool
	publish, publishSaid bool // the flag, and whether it was given
	asJSON               bool
	given                slipway.Given
	why                  string
}

// setDirectory takes the argument; without one only the configuration's list is meant.
func (o *planOptions) setDirectory(args []string) {
	if len(args) > 0 {
		o.directory = args[0]
	}
}

func (o *planOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.nightly, "nightly", false, "append -YYYYMMDD to every tag, so that all is built anew")
	f.BoolVar(&o.snapshot, "snapshot", false, "append -YYYYMMDD-HHMMSS to every tag")
	f.StringVar(&o.selection, "select", "", "only images whose name:tag matches `GLOB`, and what they need")
	f.BoolVar(&o.force, "force", false, "build the selected images even if nothing changed, and replace what is published under their versions")
	f.BoolVar(&o.publish, "publish", false, "publish what is good, with the credentials of \"slipway login\" if the configuration has none; without this flag it is published when the configuration has some")
	f.BoolVar(&o.local, "local", false, "do not ask the registry: only what the store has counts")
	f.BoolVar(&o.noPull, "no-pull", false, "fetch neither published parents nor newer base images: build on what the store has")
	strictFlag(cmd)
	givenFlags(cmd, &o.given)
	f.CountP("verbose", "v", "like --info; -vv is like --debug")
}

const planLong = `Shows for each image of DIRECTORY what "slipway build" would do, and why. Nothing
is built and no engine is started.

An image is up to date when the store has it under its version, tested, and made
from what it would be made from now: the rendered Dockerfile, the files of its
folder that .dockerignore leaves, build arguments, the parents' digests, and the
platform. Times and owners of files do not count. Files that did not change since
the last look are not read again.

If the configuration has a registry, it is asked what is published: that counts as
done on every machine. A registry that cannot be reached is an error; --local does
not ask.

The actions are: up to date, build, test (it was built, its test did not end), tag
(only further tags are missing), publish (only the registry lacks it), published,
pull (it is published, and something is built on it), foreign (it is for a platform
that this machine does not build for), blocked (something it needs has an error or
is foreign), error, and skip (--select leaves it out). The exit code is 1 if a
definition is wrong and not published, or published under its version with other
content, or if something is foreign.`

const planExample = `  slipway plan images/
  slipway plan --why nodejs images/    the whole chain of causes for one image
  slipway plan --strict images/        for CI: has somebody forgotten a changelog?
  slipway plan --json images/ | jq -r '.images[] | select(.action == "build") | .ref'`

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use: "plan [flags] [DIRECTORY]", Short: "Show what would be built, and why",
		Long: planLong, Example: planExample, Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.setDirectory(args)
			if err := a.checkPlan(cmd, &o); err != nil {
				return err
			}
			s, err := a.fleetSession(cmd)
			if err != nil {
				return err
			}
			return a.planOnly(cmd, s, o)
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.asJSON, "json", false, "print the plan as JSON")
	f.StringVar(&o.why, "why", "", "explain the action of the image `NAME`, with all that leads to it")
	return cmd
}

// checkPlan refuses flags that exclude each other.
func (a *app) checkPlan(cmd *cobra.Command, o *planOptions) error {
	switch n, _ := cmd.Flags().GetCount("verbose"); {
	case n == 1:
		a.info = true
	case n > 1:
		a.debug = true
	}
	o.publishSaid = cmd.Flags().Changed("publish")
	if err := checkSelect(cmd, o.selection); err != nil {
		return err
	}
	switch {
	case o.local && o.publish:
		return usageError(cmd, errors.New("--local and --publish exclude each other"))
	case o.nightly && o.snapshot:
		return usageError(cmd, errors.New("--nightly and --snapshot exclude each other"))
	case cmd.Flags().Changed("why") && o.why == "":
		return usageError(cmd, errors.New("--why is empty"))
	case o.why != "" && o.asJSON:
		return usageError(cmd, errors.New("--why and --json exclude each other"))
	}
	return nil
}

// checkSelect refuses a glob that can match nothing. One that happens to match nothing is a warning:
// CI selects by changed folders.
func checkSelect(cmd *cobra.Command, glob string) error {
	if err := fleet.CheckGlob(glob); err != nil {
		return usageError(cmd, fmt.Errorf("--select %q: %w", glob, err))
	}
	return nil
}

// options are the session's.
func (o planOptions) options() slipway.PlanOptions {
	p := slipway.PlanOptions{
		Directory: o.directory, Select: o.selection, Nightly: o.nightly, Snapshot: o.snapshot,
		Force: o.force, Local: o.local, NoPull: o.noPull, Given: o.given,
	}
	switch {
	case o.publish:
		p.Publish = slipway.Always
	case o.publishSaid:
		p.Publish = slipway.Never
	}
	return p
}

// planOnly shows the plan.
func (a *app) planOnly(cmd *cobra.Command, s *slipway.Session, o planOptions) error {
	p, err := s.Plan(cmd.Context(), o.options())
	if err != nil {
		return usage(cmd, err)
	}
	return errors.Join(a.showPlanned(cmd, p, o), p.Close())
}

// hurry is for reading a fleet, which is a hundred thousand short system calls. A thread that waits for
// one keeps its processor for a while, so there are more of those than the machine has; and the heap
// may grow, for collecting some megabytes would take a tenth of the time. It returns what ends that.
func hurry() (end func()) {
	percent, procs := pace.limit(hurryGrowth), runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(4 * procs)
	return func() {
		pace.limit(percent)
		runtime.GOMAXPROCS(procs)
	}
}

// showPlanned prints a plan as the flags ask for it. What is wrong with definitions is the error.
func (a *app) showPlanned(cmd *cobra.Command, planned *slipway.Planned, o planOptions) error {
	f, p := planned.Fleet, planned.Plan
	var err error
	switch {
	case o.why != "":
		var step *plan.Step
		if step, err = planned.Find(o.why); err != nil {
			return usageError(cmd, fmt.Errorf("--why %w", err))
		}
		err = errors.Join(showWhy(a.Out, f, p, step), a.showCounted(cmd.Context(), planned, step.Image))
	case o.asJSON:
		err = printJSON(a.Out, p)
	default:
		err = showPlan(a.Out, p)
	}
	return errors.Join(err, slipway.BrokenError(f, p))
}

func showPlan(out io.Writer, p *plan.Plan) error {
	rows := make([]planRow, len(p.Steps))
	for i, s := range p.Steps {
		rows[i] = planRow{s.Title(), s.Action, s.Publish, p.Said(s)}
	}
	return printPlan(out, rows)
}

// planRow is an image's row of a printed plan.
type planRow struct {
	image   string
	action  plan.Action
	publish bool
	said    []plan.Said
}

func printPlan(out io.Writer, rows []planRow) error {
	buffered := bufio.NewWriterSize(out, 64<<10) // tabwriter writes cell by cell
	w := tabwriter.NewWriter(buffered, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "IMAGE\tACTION\tWHY")
	for _, r := range rows {
		texts := make([]string, len(r.said))
		for i, s := range r.said {
			texts[i] = s.Text
		}
		action := string(r.action)
		if r.publish && r.action != plan.Publish {
			action += ", publish"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.image, action, firstLine(strings.Join(texts, "; ")))
	}
	return errors.Join(w.Flush(), buffered.Flush())
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// strictFlag is the flag of the key strict, which loadConfig puts over that of the files.
func strictFlag(cmd *cobra.Command) {
	cmd.Flags().Bool("strict", false, "content that changed under an unchanged version is an error")
}
