package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/store"
)

// pruneOptions are the flags of "prune".
type pruneOptions struct {
	plan.PruneOptions
	dryRun, cache bool

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
			return a.prune(cmd, argument(args, 0), o.PruneOptions, o.dryRun, o.cache)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Select, "select", "", "only images whose name:tag matches `GLOB`")
	f.StringVar(&o.Nightly, "nightly", "", "keep the nightly builds with this `ID`, too")
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
	if cmd.Flags().Changed("nightly") && strings.TrimPrefix(o.Nightly, "-") == "" {
		return usageError(cmd, errors.New("--nightly is empty: all nightly builds would be removed"))
	}
	if err := checkSelect(cmd, o.Select); err != nil {
		return err
	}
	if o.keep < 1 {
		return usageError(cmd, errors.New("--keep must be 1 or more: the newest version always stays"))
	}
	return nil
}

func (a *app) prune(cmd *cobra.Command, dir string, o plan.PruneOptions, dryRun, cache bool) error {
	ctx := cmd.Context()
	if !dryRun {
		outliveReaders()
	}
	cfg, err := a.loadConfig(cmd)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "== Step 0: scanning %s ==\n", cmp.Or(dir, theList))
	var f *fleet.Fleet
	err = a.steady(ctx, dir, dryRun, func() (err error) {
		var release func()
		f, release, err = a.read(cmd, cfg, reading{directory: dir, looking: dryRun, repositories: noneOf})
		if err == nil {
			release() // the store is what is pruned
		}
		return err
	})
	if err != nil {
		return err
	}
	if o.Nightly == "" && len(f.Select(o.Select)) == 0 { // a nightly build's tags are not the fleet's
		a.warnUnselected(o.Select)
	}
	stored, err := a.stored(ctx)
	if err != nil {
		return err
	}
	known := facts.FromStore(stored)
	o.UpdateID = cfg.UpdateID
	if o.Nightly != "" && len(plan.NightlyBuilds(f, known, o)) == 0 {
		return problem.With(fmt.Errorf("cannot prune to the nightly build %s: the store has no image of it", o.Nightly), "`slipway images` lists the tags")
	}
	gone := a.showRemovals(plan.Prune(f, known, o))
	broken := brokenError(f, nil)
	if dryRun || len(gone) == 0 && !cache {
		return broken
	}
	fmt.Fprintln(a.Out, "== Step 1: pruning images ==")
	err = a.withServices(ctx, func(s embedded.Services) error {
		e := engine.New(s.BuildKit)
		freed, err := removeImages(ctx, e, store.New(s.Images, s.Content), gone)
		if err == nil && cache {
			var more int64
			more, err = e.EmptyCache(ctx)
			freed += more
			err = errors.Join(err, a.forgetDamaged())
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Out, "removed %d, freed %s\n", len(gone), size(freed))
		return nil
	})
	empty, err := unlessEmpty(err)
	if empty {
		fmt.Fprintf(a.Out, "removed 0, freed %s\n", size(0))
	}
	return errors.Join(err, broken)
}

// showRemovals prints what is going to be pruned and returns the references.
func (a *app) showRemovals(removals []plan.Removal) []string {
	if len(removals) == 0 {
		fmt.Fprintln(a.Out, "Nothing to prune")
		return nil
	}
	fmt.Fprintln(a.Out, "Will prune the following images:")
	refs := make([]string, len(removals))
	for i, r := range removals {
		refs[i] = r.Ref
		fmt.Fprintln(a.Out, "* "+r.Ref)
	}
	return refs
}

// removeImages takes names out of the store and returns the bytes that freed,
// of blobs and of unpacked layers.
func removeImages(ctx context.Context, e *engine.Engine, st *store.Store, refs []string) (int64, error) {
	before, err := st.ContentSize(ctx)
	if err != nil {
		return 0, err
	}
	layers, err := e.FreeAfter(ctx, func() error {
		for _, ref := range refs {
			if err := st.Remove(ctx, ref); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	after, err := st.ContentSize(ctx)
	if err != nil {
		return 0, err
	}
	return layers + before - after, nil
}
