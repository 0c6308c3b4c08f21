package facts

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/state"
)

// plan makes the plan, and answers what it asks of images that are other than they were.
func (s Sources) plan(ctx context.Context, f *fleet.Fleet, facts plan.Facts, set *contexts.Set, o plan.Options) (*plan.Plan, error) {
	empty, err := s.State.Empty(ctx)
	if err != nil {
		return nil, err
	}
	if empty {
		return plan.Make(f, facts, o), nil
	}
	d := plan.Begin(f, facts, o)
	for asked := d.Questions(); len(asked) > 0; asked = d.Questions() {
		answers := make(map[plan.Question]plan.Past, len(asked))
		for _, q := range asked {
			if answers[q], err = remember(ctx, s.State, q.Image, string(q.Image.Platform), q.Inputs, set); err != nil {
				return nil, err
			}
		}
		d.Answer(answers)
	}
	return d.Plan(), nil
}

// remember finds the build of an image that was made from the inputs. Without these it is the last good
// one, and how the last attempt went.
func remember(ctx context.Context, db *state.DB, img *fleet.Image, platform string, made digests.Inputs, set *contexts.Set) (plan.Past, error) {
	if made != "" {
		b, ok, err := db.MadeFrom(ctx, img.Name, platform, made)
		if !ok || err != nil {
			return plan.Past{}, err
		}
		return recall(ctx, db, b, img, set)
	}
	b, ok, err := lastGood(ctx, db, img, platform)
	if err != nil {
		return plan.Past{}, err
	}
	var past plan.Past
	if ok {
		if past, err = recall(ctx, db, b, img, set); err != nil {
			return past, err
		}
	}
	last, tried, err := db.Newest(ctx, img.Ref, platform, false)
	past.Failed = tried && last.Outcome == state.BuildFailed
	past.FailedTest = past.Failed && last.Test == state.TestFailed
	return past, err
}

// lastGood is the newest good build of the image's version, else of any.
func lastGood(ctx context.Context, db *state.DB, img *fleet.Image, platform string) (state.Build, bool, error) {
	b, ok, err := db.Newest(ctx, img.Ref, platform, true)
	if ok || err != nil {
		return b, ok, err
	}
	repository, _, _ := ref.Split(img.Ref)
	return db.NewestOf(ctx, repository, platform)
}

// recall is a build, beside what its image would be made from now.
func recall(ctx context.Context, db *state.DB, b state.Build, img *fleet.Image, set *contexts.Set) (plan.Past, error) {
	_, tag, _ := ref.Split(b.Ref)
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
