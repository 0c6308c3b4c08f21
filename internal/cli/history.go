package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/ref"
)

func (a *app) historyCommand() *cobra.Command {
	var asJSON bool
	var run int64
	o := slipway.HistoryOptions{Limit: 50}
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
				o.Image = args[0]
			}
			s, err := a.open(nil)
			if err != nil {
				return err
			}
			builds, err := s.History(cmd.Context(), o)
			switch {
			case asJSON && (err == nil || errors.Is(err, slipway.ErrNotFound)): // nothing is an answer, too
				return printJSON(a.Out, map[string]any{"builds": append([]slipway.PastBuild{}, builds...)})
			case err != nil:
				return err
			}
			return printHistory(a.Out, builds)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON, with all that is known")
	f.BoolVar(&o.Failed, "failed", false, "only builds that failed")
	f.Int64Var(&run, "run", 0, "show the plan of the run with the number `N`")
	f.IntVarP(&o.Limit, "limit", "n", o.Limit, "at most `N` builds; 0 for all")
	return cmd
}

// outcomeUnfinished is how history shows the outcome of a build whose run was killed.
const outcomeUnfinished = "unfinished"

func printHistory(out io.Writer, builds []slipway.PastBuild) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "WHEN\tRUN\tIMAGE\tOUTCOME\tTEST\tTOOK\tDIGEST\tWHY")
	for _, b := range builds {
		_, tag, _ := ref.Split(b.Ref)
		outcome, took := b.Outcome, "-"
		switch {
		case outcome == slipway.OutcomeRunning:
		case b.Ended.IsZero():
			outcome = outcomeUnfinished
		default:
			took = seconds(b.Ended.Sub(b.Began))
		}
		fmt.Fprintf(w, "%s\t%d\t%s:%s\t%s\t%s\t%s\t%s\t%s\n", b.Began.Local().Format(time.DateTime), b.Run,
			b.Name, tag, outcome, orDash(b.Test), took, orDash(b.Digest.Short()), firstLine(firstReason(b.Reasons)))
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
			s, err := a.open(nil)
			if err != nil {
				return err
			}
			return s.Log(cmd.Context(), args[0], a.Out)
		},
	}
}
