// Package facts finds out what a plan must know of the world: what the store holds, what the images
// would be made from now, and what the state remembers. No engine is started for it.
package facts

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/imagetest/fleettest"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/recipe"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/state"
	"github.com/slipway-build/slipway/store"
)

// Sources are where facts come from.
type Sources struct {
	// Stored lists the images of the store.
	Stored func(context.Context) ([]store.Image, error)
	// Check sets Damaged of those whose content is not all there.
	Check func(context.Context, []*store.Image) error
	// State is what earlier runs left.
	State *state.DB
	// Look asks the registry what is published, see registry.Client; nil if nothing is to be asked. Bases are
	// the images from elsewhere that are refreshed before others are built on them.
	Look  func(ctx context.Context, platform string, annotations, refs []string) (map[string]registry.Published, error)
	Bases []string
	// Test is what verifies images.
	Test fleettest.Test
	// Level is the engine's, see engine.Level.
	Level int
	// Unwritten is told why the state could not be written, which costs only time; its error ends it.
	Unwritten func(context.Context, error) error
}

// Decision is a plan and what it was made of.
type Decision struct {
	Plan   *plan.Plan
	Inputs *contexts.Set
	// Published is what the registry has, nil if it was not asked.
	Published map[string]plan.PublishedImage

	stored map[string]plan.StoredImage
}

// Followed is what the image's last build took of its folder, as the registry or else the store has it.
func (d Decision) Followed(img *fleet.Image) recipe.Followed {
	record := d.stored[img.Ref].Followed
	if all, ok := d.Published[img.Ref]; ok {
		if p, ok := all.For(img); ok {
			record = p.Mark.Followed
		}
	}
	f, err := recipe.Parse(record)
	if err != nil {
		return recipe.Followed{} // somebody wrote nonsense
	}
	return f
}

// Decide gathers the facts and makes the plan.
func (s Sources) Decide(ctx context.Context, f *fleet.Fleet, o plan.Options) (Decision, error) {
	f = f.Targets()
	facts, set, err := s.gather(ctx, f, o)
	if err != nil {
		return Decision{}, err
	}
	p, err := s.plan(ctx, f, facts, set, o)
	if err != nil {
		return Decision{}, err
	}
	return Decision{p, set, facts.Published, facts.Images}, s.learn(ctx, set)
}

// gather asks all sources, side by side, about the images that the plan is about.
func (s Sources) gather(ctx context.Context, f *fleet.Fleet, o plan.Options) (facts plan.Facts, set *contexts.Set, err error) {
	relevant := plan.Relevant(f, o)
	group, all := errgroup.WithContext(ctx)
	group.Go(func() error {
		list, err := s.readStore(all, f, relevant)
		facts.Images = FromStore(list)
		return err
	})
	group.Go(func() (err error) {
		set, err = s.readInputs(all, f, relevant)
		return err
	})
	group.Go(func() (err error) {
		facts.Published, facts.Unreadable, err = s.readPublished(all, f, relevant)
		return err
	})
	group.Go(func() (err error) {
		if !o.NoPull {
			facts.Bases, err = s.readBases(all, f, relevant)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return facts, nil, err
	}
	if err := set.Need(ctx, marks(f, facts)); err != nil {
		return facts, nil, err
	}
	facts.Inputs, facts.Errors, facts.Tests = set.Images, set.Errors, s.readTests(f, set)
	if foreign(f) {
		facts.Emulated = emulated(os.DirFS(binfmt))
	}
	if facts.Published != nil {
		var refs []string
		for _, img := range f.Images {
			refs = append(refs, img.Ref)
		}
		facts.Seen, err = s.State.Published(ctx, slices.Compact(refs))
	}
	return facts, set, err
}

// marks are what the images say of their inputs, in the store and at the registry.
func marks(f *fleet.Fleet, facts plan.Facts) map[*fleet.Image][]inputs.Mark {
	all := map[*fleet.Image][]inputs.Mark{}
	for _, img := range f.Images {
		if stored, ok := facts.Images[img.Ref]; ok && img.Platform == f.Platform {
			all[img] = append(all[img], stored.Mark())
		}
		if published, ok := facts.Published[img.Ref]; ok {
			if part, ok := published.For(img); ok {
				all[img] = append(all[img], part.Mark)
			}
		}
	}
	return all
}

// touchAfter is how old the note of a folder's last use may become: not every plan writes the state.
const touchAfter = 24 * time.Hour

// readInputs reads the contexts of the images that the plan may be about. Files that the state knows
// are not read again.
func (s Sources) readInputs(ctx context.Context, f *fleet.Fleet, relevant func(*fleet.Image) bool) (*contexts.Set, error) {
	known, err := s.State.Contexts(ctx)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex // guards faded
	var faded []string
	set, err := contexts.Read(ctx, f, contexts.Options{
		Level: s.Level, Only: relevant,
		Known: func(folder string) (contexts.Known, bool) {
			c, ok := known[folder]
			if ok && time.Since(c.Seen) > touchAfter {
				mu.Lock()
				defer mu.Unlock()
				faded = append(faded, folder)
			}
			return contexts.Known{Folder: c.Folder, Stamp: c.Stamp, Digests: c.Digests}, ok
		},
		Entries: func(folder string) []byte {
			data, err := s.State.Entries(ctx, folder)
			if err != nil {
				return nil // the files are read
			}
			return data
		},
	})
	if err == nil {
		err = s.Unwritten(ctx, s.State.TouchContexts(ctx, faded))
	}
	return set, err
}

// learn notes what was found out about folders.
func (s Sources) learn(ctx context.Context, set *contexts.Set) error {
	var learned []state.Context
	for _, c := range set.Learned() {
		learned = append(learned, state.Context{Folder: c.Folder, Stamp: c.Stamp, Digests: c.Digests, Entries: c.Entries})
	}
	err := s.State.SaveContexts(ctx, learned)
	if err == nil {
		set.Forget()
	}
	return s.Unwritten(ctx, err)
}

// readTests are the digests of the tests that the images have. A test that cannot be read is the
// error of its image.
func (s Sources) readTests(f *fleet.Fleet, set *contexts.Set) map[*fleet.Image]string {
	test, wrong := s.Test.Prepared()
	digests := map[*fleet.Image]string{}
	for img := range set.Images {
		digest, err := "", wrong
		if err == nil {
			digest, err = test.TestOf(img).Digest(f.Folder(img))
		}
		switch {
		case err != nil:
			set.Errors[img] = fmt.Errorf("%s: %w", f.Path(img, ""), err)
		case digest != "":
			digests[img] = digest
		}
	}
	return digests
}
