package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/fleet"
)

func (a *app) updateCommand() *cobra.Command {
	var o slipway.UpdateOptions
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "update [flags] NAME DIRECTORY",
		Short: "Add changelog entries to an image and all that depend on it",
		Long: `Adds a changelog entry to NAME and to every image that depends on it, however
far, so that the next build makes them anew. 1.2.3 becomes 1.2.3-s1, that becomes
1.2.3-s2, and so on ("update_id" in the configuration sets the letter). Each entry is
for the distribution of the one below it, unless the configuration's "distribution"
says otherwise.

The author is DEBFULLNAME and DEBEMAIL, which may be "Name <address>", else EMAIL,
else git's user.name and user.email, else fallback_author and fallback_email.

Either all changelogs are written or none: what a killed update has written is undone
by the next command on the fleet. One update is made at a time; others wait for it, and
commands that read the fleet do not read half of one.`,
		Example: `  slipway update nodejs --reason 'CVE-2026-1234' images/
  slipway update nodejs --version 20.1.0-1 images/
  slipway update nodejs --dry-run images/`,
		Args: exactArgs("NAME", "DIRECTORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.fleetSession(cmd)
			if err != nil {
				return err
			}
			o.Name, o.Directory = args[0], args[1]
			if !dryRun {
				outliveReaders()
			}
			fmt.Fprintf(a.Out, "== Step 0: scanning %s ==\n", o.Directory)
			if dryRun {
				edits, err := s.PlanUpdate(cmd.Context(), o)
				if err == nil {
					a.listUpdates(edits)
				}
				return err
			}
			o.Planned = func(edits []fleet.Edit) {
				a.listUpdates(edits)
				fmt.Fprintln(a.Out, "== Step 1: adding updates ==")
			}
			edits, err := s.Update(cmd.Context(), o)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "%d changelogs written\n", len(edits))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Reason, "reason", "Security update", "`TEXT` of the entry")
	f.StringVarP(&o.Version, "version", "v", "", "the new `VERSION` of NAME (default: the next one)")
	f.BoolVar(&o.Force, "force", false, "allow a VERSION that is older than the newest entry's")
	f.BoolVar(&dryRun, "dry-run", false, "show what would be written; write nothing")
	return cmd
}

func (a *app) listUpdates(edits []fleet.Edit) {
	fmt.Fprintln(a.Out, "Will update the following images:")
	for _, e := range edits {
		fmt.Fprintf(a.Out, "* %s: %s -> %s\n", e.Image.Name, e.Image.Version, e.Entry.Version)
	}
}
