package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/fleet"
)

func (a *app) updateCommand() *cobra.Command {
	var reason, version string
	var dryRun, force bool
	cmd := &cobra.Command{
		Use:   "update [flags] NAME DIRECTORY",
		Short: "Add changelog entries to an image and all that depend on it",
		Long: `Adds a changelog entry to NAME and to every image that depends on it, however
far, so that the next build makes them anew. 1.2.3 becomes 1.2.3-s1, that becomes
1.2.3-s2, and so on ("update_id" in the configuration sets the letter). Each entry is
for the distribution of the one below it, unless the configuration's "distribution"
says otherwise.

The author is DEBFULLNAME and DEBEMAIL, which may be "Name <address>", else EMAIL,
else git's user.name and user.email, else fallback_author and fallback_email. Either all changelogs are written or none: what
a killed update has written is undone by the next command on the fleet.`,
		Example: `  slipway update nodejs --reason 'CVE-2026-1234' images/
  slipway update nodejs --version 20.1.0-1 images/
  slipway update nodejs --dry-run images/`,
		Args: exactArgs("NAME", "DIRECTORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "== Step 0: scanning %s ==\n", args[1])
			f, err := a.scan(cmd.Context(), cfg, args[1], "")
			if err != nil {
				return err
			}
			who := author{env: os.Getenv, git: gitConfig(cmd.Context()), name: cfg.FallbackAuthor, email: cfg.FallbackEmail}
			name, email := who.find()
			edits, err := fleet.PlanUpdate(f, args[0], fleet.UpdateOptions{
				Reason: reason, Version: version, Force: force, Author: name, Email: email, Now: time.Now(),
				Distribution: cfg.Distribution, UpdateID: cfg.UpdateID,
			})
			if err != nil {
				return err
			}
			for _, p := range fleet.Passed(f, edits) {
				a.printWarning(a.secrets.Text(p.Error()))
			}
			return a.applyUpdate(edits, dryRun)
		},
	}
	f := cmd.Flags()
	f.StringVar(&reason, "reason", "Security update", "`TEXT` of the entry")
	f.StringVarP(&version, "version", "v", "", "the new `VERSION` of NAME (default: the next one)")
	f.BoolVar(&force, "force", false, "allow a VERSION that is older than the newest entry's")
	f.BoolVar(&dryRun, "dry-run", false, "show what would be written; write nothing")
	return cmd
}

func (a *app) applyUpdate(edits []fleet.Edit, dryRun bool) error {
	fmt.Fprintln(a.Out, "Will update the following images:")
	for _, e := range edits {
		fmt.Fprintf(a.Out, "* %s: %s -> %s\n", e.Image.Name, e.Image.Version, e.Entry.Version)
	}
	if dryRun {
		return nil
	}
	fmt.Fprintln(a.Out, "== Step 1: adding updates ==")
	if err := fleet.ApplyUpdate(edits); err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%d changelogs written\n", len(edits))
	return nil
}
