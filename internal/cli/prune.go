package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/plan"
)

// pruneOptions are the flags of "prune".
type pruneOptions struct {
	selection, nightly string
	dryRun, cache      bool

	registry bool // and for that alone:
	keep     int
	asJSON   bool
}

const pruneLong = `Removes from the store all versions of DIRECTORY's images but the newest changelog
entry's, children before parents, and frees what only they held. Further tags that
were given to what stays (slipway tag) stay, too. Images that the fleet does not
define are left alone, as are all tags of those that the configuration lists.
With --nightly that night's builds stay as well, whatever
version they are of: an image that did not change since has its version.

With --registry the store stays as it is, and old versions are deleted from the
configuration's registry instead. Of each image the newest --keep versions stay, the
changelog's newest always, and as many nightly builds; so does what "latest" or
any other kept tag names too, what a Dockerfile of the fleet is made from by its
version, what is newer than the changelog, and each tag that is not a version of the
image. Show it with --dry-run first: nothing brings a deleted version back.`

func (a *app) pruneCommand() *cobra.Command {
	var o pruneOptions
	cmd := &cobra.Command{
		Use:   "prune [flags] [DIRECTORY]",
		Short: "Remove old versions of the fleet's images from the store, or from the registry",
		Long:  pruneLong,
		Example: `  slipway prune --dry-run images/
  slipway prune --select '*nodejs*' images/
  slipway prune --nightly 20261121 images/   keep that night's builds, too
  slipway prune --registry --dry-run --keep 5 images/`,
		Args: directory(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPrune(cmd, o); err != nil {
				return err
			}
			if o.registry {
				return a.pruneRegistry(cmd, argument(args, 0), o)
			}
			return a.prune(cmd, argument(args, 0), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.selection, "select", "", "only images whose name:tag matches `GLOB`")
	f.StringVar(&o.nightly, "nightly", "", "keep the nightly builds with this `ID`, too")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be removed; remove nothing")
	f.BoolVar(&o.cache, "cache", false, "also empty the build cache")
	f.BoolVar(&o.registry, "registry", false, "delete old versions from the registry, not from the store")
	f.IntVar(&o.keep, "keep", 3, "with --registry: keep at least the newest `N` versions of each image")
	f.BoolVar(&o.asJSON, "json", false, "with --registry: print what was decided and done as JSON")
	return cmd
}

// checkPrune refuses flags that do not go together: who deletes for ever shall mean what is done.
func checkPrune(cmd *cobra.Command, o pruneOptions) error {
	for _, name := range []string{"keep", "json"} {
		if cmd.Flags().Changed(name) && !o.registry {
			return usageError(cmd, fmt.Errorf("--%s is for --registry", name))
		}
	}
	for _, name := range []string{"nightly", "cache"} {
		if cmd.Flags().Changed(name) && o.registry {
			return usageError(cmd, fmt.Errorf("--%s is for the store, not for --registry", name))
		}
	}
	if cmd.Flags().Changed("nightly") && strings.TrimPrefix(o.nightly, "-") == "" {
		return usageError(cmd, errors.New("--nightly is empty: all nightly builds would be removed"))
	}
	if err := checkSelect(cmd, o.selection); err != nil {
		return err
	}
	if o.keep < 1 {
		return usageError(cmd, errors.New("--keep must be 1 or more: the newest version always stays"))
	}
	return nil
}

func (a *app) prune(cmd *cobra.Command, dir string, o pruneOptions) error {
	ctx := cmd.Context()
	if !o.dryRun {
		outliveReaders()
	}
	s, err := a.fleetSession(cmd)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "== Step 0: scanning %s ==\n", cmp.Or(dir, theList))
	p, err := s.PlanPrune(ctx, slipway.PruneOptions{Directory: dir, Select: o.selection, Nightly: o.nightly, Looking: o.dryRun})
	if err != nil {
		return usage(cmd, err)
	}
	a.showRemovals(p.Removals)
	broken := slipway.BrokenError(p.Fleet, nil)
	if o.dryRun || len(p.Removals) == 0 && !o.cache {
		return broken
	}
	fmt.Fprintln(a.Out, "== Step 1: pruning images ==")
	removed, freed, err := s.Prune(ctx, p, o.cache)
	if err == nil {
		fmt.Fprintf(a.Out, "removed %d, freed %s\n", removed, size(freed))
	}
	return errors.Join(err, broken)
}

// showRemovals prints what is going to be pruned.
func (a *app) showRemovals(removals []plan.Removal) {
	if len(removals) == 0 {
		fmt.Fprintln(a.Out, "Nothing to prune")
		return
	}
	fmt.Fprintln(a.Out, "Will prune the following images:")
	for _, r := range removals {
		fmt.Fprintln(a.Out, "* "+r.Ref)
	}
}
