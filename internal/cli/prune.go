package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/store"
)

func (a *app) pruneCommand() *cobra.Command {
	var o plan.PruneOptions
	var dryRun, cache bool
	cmd := &cobra.Command{
		Use:   "prune [flags] DIRECTORY",
		Short: "Remove old versions of the fleet's images from the store",
		Long: `Removes from the store all versions of DIRECTORY's images but the newest changelog
entry's, children before parents, and frees what only they held. Images that the
fleet does not define are left alone.`,
		Example: `  slipway prune --dry-run images/
  slipway prune --select '*nodejs*' images/
  slipway prune --nightly 20261121 images/   keep only that night's builds`,
		Args: exactArgs("DIRECTORY"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.prune(cmd, args[0], o, dryRun, cache) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Select, "select", "", "only images whose name:tag matches `GLOB`")
	f.StringVar(&o.Nightly, "nightly", "", "keep the nightly build with this `ID` instead of the newest version")
	f.BoolVar(&dryRun, "dry-run", false, "show what would be removed; remove nothing")
	f.BoolVar(&cache, "cache", false, "also empty the build cache")
	return cmd
}

func (a *app) prune(cmd *cobra.Command, dir string, o plan.PruneOptions, dryRun, cache bool) error {
	ctx := cmd.Context()
	cfg, err := a.loadConfig(cmd)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "== Step 0: scanning %s ==\n", dir)
	f, err := a.scan(ctx, cfg, dir, "")
	if err != nil {
		return err
	}
	stored, err := a.stored(ctx)
	if err != nil {
		return err
	}
	refs := make([]string, len(stored))
	for i, s := range stored {
		refs[i] = s.Name + ":" + s.Tag
	}
	if o.Nightly != "" && !slices.ContainsFunc(refs, func(ref string) bool { return strings.HasSuffix(ref, "-"+o.Nightly) }) {
		return fmt.Errorf("cannot prune to the nightly build %s: the store has no image of it\nhint: \"slipway images\" lists the tags", o.Nightly)
	}
	gone := a.showRemovals(plan.Prune(f, refs, o))
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
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(a.Out, "removed %d, freed %s\n", len(gone), size(freed))
		return nil
	})
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
