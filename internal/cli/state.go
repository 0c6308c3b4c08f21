package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/build"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/state"
)

// stateFolder is where the state file is: --state-dir, else the engine's root.
func (a *app) stateFolder() (string, error) {
	if a.stateDir == "" {
		return a.engineRoot()
	}
	dir, err := filepath.Abs(a.stateDir)
	if err != nil {
		return "", fmt.Errorf("cannot find state folder: %w", err)
	}
	return dir, nil
}

// openState opens the state and says if it had to begin a new one. Where it cannot be written, a
// command that only looks reads it, and others go on with one in memory: it only explains.
func (a *app) openState(ctx context.Context, looking bool) (*state.DB, error) {
	dir, err := a.stateFolder()
	if err != nil {
		return nil, err
	}
	db, err := state.Open(ctx, dir)
	switch {
	case err == nil:
		a.saySetAside(db)
		return db, nil
	case !state.Unwritable(err):
		return nil, err
	case looking:
		if db, err := state.OpenReadOnly(ctx, dir); err == nil {
			return db, nil
		}
	default:
		printWarning(a.Err, "this run leaves no history: "+err.Error())
	}
	return state.Memory(ctx)
}

// decision is a plan and what it was made of.
type decision struct {
	plan   *plan.Plan
	inputs *inputs.Set
}

// decide compares what the images would be made from with what the store and the state know. No
// engine is started. What a damaged state says does not count.
func (a *app) decide(ctx context.Context, db *state.DB, cfg *config.Config, f *fleet.Fleet, o plan.Options) (d decision, err error) {
	err = a.mended(ctx, db, func() error {
		d, err = a.decideOnce(ctx, db, cfg, f, o)
		return err
	})
	return d, err
}

func (a *app) decideOnce(ctx context.Context, db *state.DB, cfg *config.Config, f *fleet.Fleet, o plan.Options) (decision, error) {
	var facts plan.Facts
	var set *inputs.Set
	group, both := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		facts, err = a.facts(both)
		return err
	})
	group.Go(func() (err error) {
		set, err = a.readInputs(both, db, f, o)
		return err
	})
	if err := group.Wait(); err != nil {
		return decision{}, err
	}
	var err error
	facts.Inputs, facts.Errors = set.Parts, set.Errors
	facts.Tests = readTests(cfg, f, set)
	p := plan.Make(f, facts, o)
	if db != nil {
		if facts.Past, err = past(ctx, db, f, facts, p, set); err != nil {
			return decision{}, err
		}
		if len(facts.Past) > 0 {
			p = plan.Make(f, facts, o)
		}
	}
	return decision{p, set}, nil
}

// readInputs reads the contexts of the images that the plan may be about. Files that the state knows
// are not read again.
func (a *app) readInputs(ctx context.Context, db *state.DB, f *fleet.Fleet, o plan.Options) (*inputs.Set, error) {
	io := inputs.Options{Level: engine.Level, Only: plan.Relevant(f, o)}
	if db != nil {
		known, err := db.Contexts(ctx)
		if err != nil {
			return nil, err
		}
		io.Known = func(folder string) (inputs.Context, bool) {
			c, ok := known[folder]
			return inputs.Context(c), ok
		}
		io.Entries = func(folder string) []byte {
			data, err := db.Entries(ctx, folder)
			if err != nil {
				return nil // the files are read
			}
			return data
		}
	}
	set, err := inputs.Read(ctx, f, io)
	if err != nil || db == nil {
		return set, err
	}
	learned := make([]state.Context, len(set.Learned))
	for i, c := range set.Learned {
		learned[i] = state.Context(c)
	}
	return set, a.unwritten(ctx, "files that did not change are read again next time", db.SaveContexts(ctx, learned))
}

// readTests are the digests of the tests that the images have. A test that cannot be read is the
// error of its image.
func readTests(cfg *config.Config, f *fleet.Fleet, set *inputs.Set) map[*fleet.Image]string {
	test, wrong := build.Test{Command: cfg.VerifyCommand, Args: cfg.VerifyArgs}.Prepared()
	digests := map[*fleet.Image]string{}
	for img := range set.Parts {
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

// past is what the state remembers of the images that are not up to date.
func past(ctx context.Context, db *state.DB, f *fleet.Fleet, facts plan.Facts, p *plan.Plan, set *inputs.Set) (map[string]plan.Past, error) {
	found := map[string]plan.Past{}
	if empty, err := db.Empty(ctx); empty || err != nil {
		return nil, err
	}
	for _, s := range p.Steps {
		img := s.Image
		if s.Action == plan.UpToDate || s.Action == plan.Skip || s.Action == plan.Test || img.Err != nil || facts.Errors[img] != nil {
			continue
		}
		var b state.Build
		var ok bool
		var err error
		stored, inStore := facts.Images[img.Ref]
		if inStore && stored.Inputs != "" {
			b, ok, err = db.MadeFrom(ctx, img.Name, f.Platform, stored.Inputs)
		} else {
			b, ok, err = lastGood(ctx, db, img, f.Platform)
		}
		if err != nil {
			return nil, err
		}
		var record plan.Past
		if ok {
			if record, err = remember(ctx, db, b, img, set); err != nil {
				return nil, err
			}
		}
		last, tried, err := db.Newest(ctx, img.Ref, f.Platform, false)
		if err != nil {
			return nil, err
		}
		record.Failed = tried && last.Outcome == string(build.BuildError)
		record.FailedTest = record.Failed && last.Test == build.TestFailed
		if ok || record.Failed {
			found[img.Name] = record
		}
	}
	return found, nil
}

// lastGood is the newest good build of the image's version, else of any.
func lastGood(ctx context.Context, db *state.DB, img *fleet.Image, platform string) (state.Build, bool, error) {
	b, ok, err := db.Newest(ctx, img.Ref, platform, true)
	if ok || err != nil {
		return b, ok, err
	}
	return db.NewestOf(ctx, strings.TrimSuffix(img.Ref, ":"+img.Tag), platform)
}

func remember(ctx context.Context, db *state.DB, b state.Build, img *fleet.Image, set *inputs.Set) (plan.Past, error) {
	past := plan.Past{Tag: tagOf(b.Ref)}
	if len(b.Parts) == 0 {
		return past, nil
	}
	if err := json.Unmarshal(b.Parts, &past.Parts); err != nil {
		return past, fmt.Errorf("cannot read what %s was made from in state %s: %w: %w", b.Ref, db.Path(), state.ErrDamaged, err)
	}
	if past.Parts.Tree == set.Parts[img].Tree || past.Parts.Tree == "" {
		return past, nil
	}
	listing, err := db.Tree(ctx, past.Parts.Tree)
	if err != nil || listing == nil {
		return past, err
	}
	past.Before = buildcontext.Files(listing)
	past.After, err = set.Files(ctx, img)
	return past, err
}

// tagOf is what stands behind a reference's last colon.
func tagOf(ref string) string {
	for i := len(ref) - 1; i >= 0 && ref[i] != '/'; i-- {
		if ref[i] == ':' {
			return ref[i+1:]
		}
	}
	return ""
}
