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

// TestQuestions: a plan asks all at once, and only about images that are other than they were and that it is about:
// answers cost reading the state.
func TestQuestions(t *testing.T) {
	s := newShop(t, "base:1", "mid:1 needs base", "app:1 needs mid", "other:1", "away:1")
	s.carryOut(s.plan(plan.Options{}))
	ask := func(o plan.Options) []string {
		var asked []string
		d := plan.Begin(s.fleet, s.facts, o)
		answers := map[plan.Question]plan.Past{}
		for _, q := range d.Questions() {
			if q.Inputs != s.facts.Images[q.Image.Ref].Inputs {
				t.Errorf("%s: asked for %s", q.Image.Name, q.Inputs)
			}
			asked, answers[q] = append(asked, q.Image.Name), s.past[q.Image.Name]
		}
		if d.Answer(answers); len(d.Questions()) > 0 {
			t.Errorf("not all at once: %v", d.Questions())
		}
		slices.Sort(asked)
		return asked
	}
	if got := ask(plan.Options{}); got != nil {
		t.Errorf("nothing changed, and it asks about %v", got)
	}
	s.edit("base", func(p *inputs.Parts) { p.Files = "sha256:t2" })
	delete(s.facts.Images, s.image("away").Ref)
	for _, strict := range []bool{false, true} {
		if diff := cmp.Diff([]string{"app", "away", "base", "mid"}, ask(plan.Options{Strict: strict})); diff != "" {
			t.Errorf("strict %v (-want +got)\n%s", strict, diff)
		}
	}
	if diff := cmp.Diff([]string{"app", "base", "mid"}, ask(plan.Options{Select: "app:*"})); diff != "" {
		t.Errorf("app is selected (-want +got)\n%s", diff)
	}
}

// TestPastThatCannotBeCompared: what is wrong with an image's files is its error, when it turns up late, too.
func TestPastThatCannotBeCompared(t *testing.T) {
	s := newShop(t, "base:1", "app:1 needs base")
	s.carryOut(s.plan(plan.Options{}))
	s.edit("base", func(p *inputs.Parts) { p.Files = "sha256:t2" })
	s.facts.Errors = map[*fleet.Image]error{}
	d := plan.Begin(s.fleet, s.facts, plan.Options{})
	s.facts.Errors[s.image("base")] = errors.New("fleet/base/a: cannot read it")
	d.Answer(nil)
	want := []string{"base: error: fleet/base/a: cannot read it", "app: up to date: built and tested"}
	if diff := cmp.Diff(want, text(d.Plan())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
