package facts

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/state"
)

// unexplained are the actions that need no past to be explained.
var unexplained = []plan.Action{plan.UpToDate, plan.Published, plan.Pull, plan.Publish, plan.Skip, plan.Test}

// past is what the state remembers of the images that are not up to date.
func (s Sources) past(ctx context.Context, f *fleet.Fleet, facts plan.Facts, p *plan.Plan, set *inputs.Set) (map[string]plan.Past, error) {
	db, found := s.State, map[string]plan.Past{}
	if empty, err := db.Empty(ctx); empty || err != nil {
		return nil, err
	}
	for _, step := range p.Steps {
		img := step.Image
		if slices.Contains(unexplained, step.Action) || img.Err != nil || facts.Errors[img] != nil {
			continue
		}
		var b state.Build
		var ok bool
		var err error
		stored, inStore := facts.Images[img.Ref]
		published, atRegistry := facts.Published[img.Ref]
		switch {
		case step.Action == plan.Error && atRegistry && published.Mark.Inputs != "":
			b, ok, err = db.MadeFrom(ctx, img.Name, f.Platform, published.Mark.Inputs)
		case inStore && stored.Inputs != "":
			b, ok, err = db.MadeFrom(ctx, img.Name, f.Platform, stored.Inputs)
		default:
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
		record.Failed = tried && last.Outcome == state.BuildFailed
		record.FailedTest = record.Failed && last.Test == state.TestFailed
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
	repository, _, _ := fleet.SplitRef(img.Ref)
	return db.NewestOf(ctx, repository, platform)
}

func remember(ctx context.Context, db *state.DB, b state.Build, img *fleet.Image, set *inputs.Set) (plan.Past, error) {
	_, tag, _ := fleet.SplitRef(b.Ref)
	past := plan.Past{Tag: tag}
	if len(b.Parts) == 0 {
		return past, nil
	}
	if err := json.Unmarshal(b.Parts, &past.Parts); err != nil {
		return past, fmt.Errorf("cannot read what %s was made from in state %s: %w: %w", b.Ref, db.Path(), state.ErrDamaged, err)
	}
	set.Explain(img)
	if err := set.Need(ctx, map[*fleet.Image][]inputs.Mark{img: {past.Mark()}}); err != nil {
		return past, err
	}
	if past.Parts.Tree == set.Images[img].Tree || past.Parts.Tree == "" {
		return past, nil
	}
	listing, err := db.Tree(ctx, past.Parts.Tree)
	if err != nil || listing == nil {
		return past, err
	}
	past.Before = buildcontext.Files(listing)
	listing, err = set.Listing(ctx, img)
	past.After = buildcontext.Files(listing)
	return past, err
}
