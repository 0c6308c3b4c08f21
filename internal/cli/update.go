package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/updating"
	"github.com/slipway-build/slipway/version"
)

func (a *app) updateCommand() *cobra.Command {
	var reason, next string
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
else git's user.name and user.email, else fallback_author and fallback_email.

Either all changelogs are written or none: what a killed update has written is undone
by the next command on the fleet. One update is made at a time; others wait for it, and
commands that read the fleet do not read half of one.`,
		Example: `  slipway update nodejs --reason 'CVE-2026-1234' images/
  slipway update nodejs --version 20.1.0-1 images/
  slipway update nodejs --dry-run images/`,
		Args: exactArgs("NAME", "DIRECTORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			who := author{env: os.Getenv, git: gitConfig(cmd.Context()), name: cfg.FallbackAuthor, email: cfg.FallbackEmail}
			name, email := who.find()
			o := fleet.UpdateOptions{
				Reason: reason, Version: version.Version(next), Force: force, Author: name, Email: email,
				Distribution: cfg.Distribution, UpdateID: cfg.UpdateID,
			}
			if !dryRun {
				outliveReaders()
			}
			fmt.Fprintf(a.Out, "== Step 0: scanning %s ==\n", args[1])
			if dryRun {
				return a.showUpdate(cmd, cfg, args[1], args[0], o)
			}
			return a.update(cmd, cfg, args[1], args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&reason, "reason", "Security update", "`TEXT` of the entry")
	f.StringVarP(&next, "version", "v", "", "the new `VERSION` of NAME (default: the next one)")
	f.BoolVar(&force, "force", false, "allow a VERSION that is older than the newest entry's")
	f.BoolVar(&dryRun, "dry-run", false, "show what would be written; write nothing")
	return cmd
}

// planUpdate reads the fleet and says what an update would write.
func (a *app) planUpdate(cmd *cobra.Command, cfg *config.Config, dir, name string, o fleet.UpdateOptions) (*fleet.Fleet, []fleet.Edit, error) {
	f, release, err := a.read(cmd, cfg, reading{directory: dir, unlisted: true}) // the list has no changelogs
	if err != nil {
		return nil, nil, err
	}
	defer release()
	o.Now = time.Now()
	edits, err := fleet.PlanUpdate(f, name, o)
	if err == nil {
		for _, p := range fleet.Passed(f, edits) {
			a.warnOnce(a.secrets.Text(p.Error()))
		}
	}
	return f, edits, err
}

func (a *app) showUpdate(cmd *cobra.Command, cfg *config.Config, dir, name string, o fleet.UpdateOptions) error {
	var edits []fleet.Edit
	err := a.steady(cmd.Context(), dir, true, func() (err error) {
		_, edits, err = a.planUpdate(cmd, cfg, dir, name, o)
		return err
	})
	if err == nil {
		a.listUpdates(edits)
	}
	return err
}

// update holds the tree's lock from before the fleet is read until the changelogs are written.
func (a *app) update(cmd *cobra.Command, cfg *config.Config, dir, name string, o fleet.UpdateOptions) (err error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		_, _, err = a.planUpdate(cmd, cfg, dir, name, o) // says what is wrong with it
		return err
	}
	u, err := updating.Begin(cmd.Context(), dir, a.updating(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.Close()) }()
	f, edits, err := a.planUpdate(cmd, cfg, dir, name, o)
	if err != nil {
		return err
	}
	a.listUpdates(edits)
	fmt.Fprintln(a.Out, "== Step 1: adding updates ==")
	if err := fleet.ApplyUpdate(u, f, edits); err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%d changelogs written\n", len(edits))
	return nil
}

func (a *app) listUpdates(edits []fleet.Edit) {
	fmt.Fprintln(a.Out, "Will update the following images:")
	for _, e := range edits {
		fmt.Fprintf(a.Out, "* %s: %s -> %s\n", e.Image.Name, e.Image.Version, e.Entry.Version)
	}
}
