package plan_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
)

// TestPastIsAskedFor: what is remembered is asked for once, and only of images that are other than they were and
// that the plan is about: that costs reading the state.
func TestPastIsAskedFor(t *testing.T) {
	s := newShop(t, "base:1", "app:1 needs base", "other:1", "away:1")
	s.carryOut(plan.Make(s.fleet, s.facts, plan.Options{}))
	var asked []string
	remembers := s.facts.Past
	s.facts.Past = func(img *fleet.Image, made string) (plan.Past, error) {
		if made != "" && made != s.facts.Images[img.Ref].Inputs {
			t.Errorf("%s: asked for %s", img.Name, made)
		}
		asked = append(asked, img.Name)
		return remembers(img, made)
	}
	ask := func(o plan.Options) []string {
		asked = nil
		plan.Make(s.fleet, s.facts, o)
		slices.Sort(asked)
		return asked
	}
	if got := ask(plan.Options{}); got != nil {
		t.Errorf("nothing changed, and it asked for %v", got)
	}
	s.edit("base", func(p *inputs.Parts) { p.Files = "sha256:t2" })
	delete(s.facts.Images, s.image("away").Ref)
	if diff := cmp.Diff([]string{"app", "away", "base"}, ask(plan.Options{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"app", "base"}, ask(plan.Options{Select: "app:*"})); diff != "" {
		t.Errorf("app is selected (-want +got)\n%s", diff)
	}
}

// TestPastThatCannotBeCompared: what is wrong with an image's files is its error, when it turns up late, too.
func TestPastThatCannotBeCompared(t *testing.T) {
	s := newShop(t, "base:1", "app:1 needs base")
	s.carryOut(plan.Make(s.fleet, s.facts, plan.Options{}))
	s.edit("base", func(p *inputs.Parts) { p.Files = "sha256:t2" })
	s.facts.Past = func(img *fleet.Image, _ string) (plan.Past, error) {
		return plan.Past{}, errors.New("fleet/base/a: cannot read it")
	}
	want := []string{"base: error: fleet/base/a: cannot read it", "app: up to date: built and tested"}
	if diff := cmp.Diff(want, text(plan.Make(s.fleet, s.facts, plan.Options{}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
