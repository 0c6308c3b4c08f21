package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/state"
)

func (a *app) historyCommand() *cobra.Command {
	var asJSON bool
	var run int64
	q := state.Query{Limit: 50}
	cmd := &cobra.Command{
		Use:   "history [flags] [NAME]",
		Short: "List what was built when, why, and how it went",
		Long: `Lists the builds of the image NAME, or of all images, the newest first: when, in
which run, how it went (unfinished if its run was killed), how long it took, and why it
was built. NAME is a name, a name:version, a full reference, or its end after a slash.
With --run it shows what one run was to do, as its plan was made then.

The history is in the state file; one that is lost is begun anew.`,
		Example: `  slipway history nodejs
  slipway history --failed
  slipway history --run 7   the plan of the run with this number
  slipway history --json nodejs | jq '.builds[0].parts'   what it was made from`,
		Args: optional("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("run") {
				return a.runHistory(cmd, args, run, asJSON)
			}
			if len(args) == 1 {
				q.Name = args[0]
			}
			if failed, _ := cmd.Flags().GetBool("failed"); failed {
				q.Outcome = "failed"
			}
			var builds []state.Build
			hint := "`slipway history` lists what was built"
			err := a.withState(cmd.Context(), func(db *state.DB) (err error) {
				if builds, hint, err = historyOf(cmd.Context(), db, q); err != nil {
					return err
				}
				return markRunning(cmd.Context(), db, builds)
			})
			switch {
			case err != nil:
				return err
			case asJSON:
				if builds == nil {
					builds = []state.Build{}
				}
				return printJSON(a.Out, map[string]any{"builds": builds})
			case len(builds) == 0 && q.Name != "":
				return problem.With(fmt.Errorf("cannot show history: no build of %q is known", q.Name), hint)
			}
			return printHistory(a.Out, builds)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON, with all that is known")
	f.Bool("failed", false, "only builds that failed")
	f.Int64Var(&run, "run", 0, "show the plan of the run with the number `N`")
	f.IntVarP(&q.Limit, "limit", "n", q.Limit, "at most `N` builds; 0 for all")
	return cmd
}

// How history shows what has no outcome.
const (
	outcomeRunning    = "running"    // it goes on
	outcomeUnfinished = "unfinished" // its run was killed
)

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
			builds[i].Outcome = outcomeRunning
		}
	}
	return nil
}

func printHistory(out io.Writer, builds []state.Build) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "WHEN\tRUN\tIMAGE\tOUTCOME\tTEST\tTOOK\tDIGEST\tWHY")
	for _, b := range builds {
		_, tag, _ := fleet.SplitRef(b.Ref)
		outcome, took := b.Outcome, "-"
		switch {
		case outcome == outcomeRunning:
		case b.Ended.IsZero():
			outcome = outcomeUnfinished
		default:
			took = seconds(b.Ended.Sub(b.Began))
		}
		fmt.Fprintf(w, "%s\t%d\t%s:%s\t%s\t%s\t%s\t%s\t%s\n", b.Began.Local().Format(time.DateTime), b.Run,
			b.Name, tag, outcome, orDash(b.Test), took, orDash(shortDigest(b.Digest)), firstLine(firstReason(b.Reasons)))
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func firstReason(data json.RawMessage) string {
	var reasons []plan.Said
	if err := json.Unmarshal(data, &reasons); err != nil || len(reasons) == 0 {
		return ""
	}
	return reasons[0].Text
}

// withState calls f with the state, for commands that only look. One that does not exist is empty, and
// one that cannot be written is read.
func (a *app) withState(ctx context.Context, f func(*state.DB) error) error {
	dir, err := a.stateFolder()
	if err != nil {
		return err
	}
	if !state.Exists(dir) {
		if a.stateDir != "" || a.rootNamed() {
			fmt.Fprintf(a.Err, "note: nothing was built with the state in %s yet\n", dir)
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
	a.saySetAside(db)
	return errors.Join(a.mended(ctx, db, func() error { return f(db) }), db.Close())
}

func (a *app) logCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "log NAME",
		Short: "Print the log of an image's last build",
		Long: `Prints what the last build and test of the image NAME printed. NAME is a name, a
name:version, a full reference, or its end after a slash. Only the newest log of each
version is kept.`,
		Example: "  slipway log nodejs",
		Args:    exactArgs("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var builds []state.Build
			hint := "`slipway history` lists what was built"
			err := a.withState(cmd.Context(), func(db *state.DB) (err error) {
				builds, hint, err = historyOf(cmd.Context(), db, state.Query{Name: args[0]})
				return err
			})
			if err != nil {
				return err
			}
			for _, b := range builds {
				if found, err := printLog(a.Out, b); found || err != nil {
					return err
				}
			}
			if hint == "" { // it was built, but no log of it is left
				hint = "`slipway history` lists what was built"
			}
			return problem.With(fmt.Errorf("cannot find a log of %q", args[0]), hint)
		},
	}
}

// printLog prints a build's log, unless it is gone: the next build of a version, or of another
// image with the same name and tag, writes over it.
func printLog(out io.Writer, b state.Build) (found bool, err error) {
	if b.Log == "" {
		return false, nil
	}
	f, err := os.Open(b.Log)
	if errors.Is(err, os.ErrNotExist) {
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
	if _, err = io.WriteString(out, heading); err == nil {
		_, err = io.Copy(out, log)
	}
	if err != nil {
		err = fmt.Errorf("cannot print log: %w", err)
	}
	return true, err
}
