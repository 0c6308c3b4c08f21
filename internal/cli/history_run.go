package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/ref"
)

// runHistory shows one run: its plan, and with asJSON also what it was the first to build or fetch.
func (a *app) runHistory(cmd *cobra.Command, args []string, id int64, asJSON bool) error {
	if len(args) > 0 || cmd.Flags().Changed("failed") || cmd.Flags().Changed("limit") {
		return usageError(cmd, errors.New("--run shows a run as a whole: NAME, --failed and --limit exclude it"))
	}
	s, err := a.open(nil)
	if err != nil {
		return err
	}
	r, err := s.PastRun(cmd.Context(), id)
	switch {
	case err != nil:
		return err
	case asJSON:
		return printJSON(a.Out, r)
	case r.Plan == nil:
		return fmt.Errorf("cannot show the plan of run %d: it is too old, and its plan is not kept", id)
	}
	return printRun(a.Out, r)
}

// printRun prints what a run was to do, as "slipway plan" did.
func printRun(out io.Writer, r slipway.PastRun) error {
	var p struct {
		Images []struct {
			Name, Ref string
			Action    plan.Action
			Publish   bool
			Reasons   []plan.Said
			Platform  string
			Targets   []string
		}
	}
	if err := json.Unmarshal(r.Plan, &p); err != nil {
		return fmt.Errorf("cannot read the plan of run %d: %w", r.ID, err)
	}
	rows := make([]planRow, len(p.Images))
	for i, img := range p.Images {
		_, tag, _ := ref.Split(img.Ref)
		title := img.Name + ":" + tag
		switch {
		case img.Targets != nil:
			title += " index"
		case img.Platform != "":
			title += " " + img.Platform
		}
		rows[i] = planRow{title, img.Action, img.Publish, img.Reasons}
	}
	outcome := r.Outcome
	switch {
	case !r.Ended.IsZero():
	case r.Going:
		outcome = slipway.OutcomeRunning
	default:
		outcome = outcomeUnfinished
	}
	_, err := fmt.Fprintf(out, "run %d of %s in %s, %s: %s\n", r.ID, r.Began.Local().Format(time.DateTime), r.Folder, outcome, r.Command)
	return errors.Join(err, printPlan(out, rows))
}
