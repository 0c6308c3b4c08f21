package slipway

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/store"
)

// PruneOptions say which images of the store are old.
type PruneOptions struct {
	Directory string // of the fleet; empty for the configuration's list alone
	Select    string // only images whose name and tag match the glob
	Nightly   string // a date like 20260131: that night's builds stay, too
	// Looking changes nothing: not even a folder for checkouts is made.
	Looking bool
}

// Pruning is what can be removed from the store.
type Pruning struct {
	Fleet    *fleet.Fleet
	Removals []plan.Removal // children before parents
}

// PlanPrune finds the stored images that are old versions of the fleet's.
func (s *Session) PlanPrune(ctx context.Context, o PruneOptions) (*Pruning, error) {
	f, release, err := s.scan(ctx, reading{directory: o.Directory, looking: o.Looking, repositories: noneOf})
	if err != nil {
		return nil, err
	}
	release()                                            // the store is what is pruned
	if o.Nightly == "" && len(f.Select(o.Select)) == 0 { // a nightly build's tags are not the fleet's
		s.warnUnselected(o.Select)
	}
	stored, err := s.stored(ctx)
	if err != nil {
		return nil, err
	}
	known, options := facts.FromStore(stored), plan.PruneOptions{Select: o.Select, Nightly: o.Nightly, UpdateID: s.config.UpdateID}
	if o.Nightly != "" && len(plan.NightlyBuilds(f, known, options)) == 0 {
		return nil, problem.With(fmt.Errorf("cannot prune to the nightly build %s: the store has no image of it", o.Nightly), "`slipway images` lists the tags")
	}
	return &Pruning{f, plan.Prune(f, known, options)}, nil
}

// scan is read, in a tree that nobody changes meanwhile.
func (s *Session) scan(ctx context.Context, r reading) (f *fleet.Fleet, release func(), err error) {
	release = func() {}
	err = s.steady(ctx, r.directory, r.looking, func() (err error) {
		release()
		if f, release, err = s.read(ctx, r); err != nil {
			release = func() {}
		}
		return err
	})
	if err != nil {
		release()
	}
	return f, release, err
}

// Prune removes what was found and, with cache, all of the build cache. It returns how many images are gone and
// how many bytes that freed.
func (s *Session) Prune(ctx context.Context, p *Pruning, cache bool) (removed int, freed int64, err error) {
	refs := make([]string, len(p.Removals))
	for i, r := range p.Removals {
		refs[i] = r.Ref
	}
	err = s.withServices(ctx, func(services embedded.Services) error {
		e := engine.New(services.BuildKit)
		freed, err = removeImages(ctx, e, store.New(services.Images, services.Content), refs)
		if err != nil || !cache {
			return err
		}
		more, err := e.EmptyCache(ctx)
		freed += more
		return errors.Join(err, s.forgetDamaged())
	})
	if empty, other := unlessEmpty(err); empty || other != nil {
		return 0, 0, other
	}
	return len(refs), freed, nil
}

// forgetDamaged removes what was set aside.
func (s *Session) forgetDamaged() error {
	root, err := s.Root()
	if err == nil {
		err = localStore(root).ForgetDamaged()
	}
	return err
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
