package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/state"
)

// runHistory shows one run: its plan, and with asJSON also what it was the first to build or fetch.
func (a *app) runHistory(cmd *cobra.Command, args []string, id int64, asJSON bool) error {
	if len(args) > 0 || cmd.Flags().Changed("failed") || cmd.Flags().Changed("limit") {
		return usageError(cmd, errors.New("--run shows a run as a whole: NAME, --failed and --limit exclude it"))
	}
	ctx := cmd.Context()
	var r state.Run
	var found bool
	var made []state.Artifact
	err := a.withState(ctx, func(db *state.DB) (err error) {
		if r, found, err = db.Run(ctx, id); err == nil {
			made, err = db.Artifacts(ctx, id)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !found:
		return problem.With(fmt.Errorf("cannot show run %d: it is not known", id), "`slipway history` lists what was built in which run")
	case asJSON:
		return printJSON(a.Out, struct {
			state.Run
			Plan      json.RawMessage  `json:"plan"` // null when it is not kept
			Artifacts []state.Artifact `json:"artifacts"`
		}{r, r.Plan, made})
	case r.Plan == nil:
		return fmt.Errorf("cannot show the plan of run %d: it is too old, and its plan is not kept", id)
	}
	return printRun(a.Out, r)
}

// printRun prints what a run was to do, as "slipway plan" did.
func printRun(out io.Writer, r state.Run) error {
	var p struct {
		Images []struct {
			Name, Ref string
			Action    plan.Action
			Publish   bool
			Reasons   []plan.Said
		}
	}
	if err := json.Unmarshal(r.Plan, &p); err != nil {
		return fmt.Errorf("cannot read the plan of run %d: %w", r.ID, err)
	}
	rows := make([]planRow, len(p.Images))
	for i, img := range p.Images {
		_, tag, _ := fleet.SplitRef(img.Ref)
		rows[i] = planRow{img.Name + ":" + tag, img.Action, img.Publish, img.Reasons}
	}
	outcome := r.Outcome
	switch {
	case !r.Ended.IsZero():
	case r.Alive():
		outcome = outcomeRunning
	default:
		outcome = outcomeUnfinished
	}
	_, err := fmt.Fprintf(out, "run %d of %s in %s, %s: %s\n", r.ID, r.Began.Local().Format(time.DateTime), r.Folder, outcome, r.Command)
	return errors.Join(err, printPlan(out, rows))
}
