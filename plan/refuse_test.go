package plan_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

// TestRefuse: what an image lacks for its build is an error only of one that is to be built, and of what is built
// on it.
func TestRefuse(t *testing.T) {
	f := newFleet(t, "base:1", "good:1 needs base", "lacks:1 needs base", "child:1 needs lacks", "other:1")
	refuse := func(img *fleet.Image) error {
		if img.Name == "lacks" {
			return errors.New("fleet/lacks:3: nobody gives it")
		}
		return nil
	}
	for _, tt := range []struct {
		name   string
		facts  plan.Facts
		o      plan.Options
		wanted []string
	}{
		{"all is to be built", newFacts(), plan.Options{Refuse: refuse}, []string{
			"base: build: never built", "good: build: never built", "lacks: error: fleet/lacks:3: nobody gives it",
			"child: blocked: blocked by lacks, which has an error", "other: build: never built"}},
		{"all is there", newFacts("base:1", "good:1", "lacks:1", "child:1", "other:1"), plan.Options{Refuse: refuse}, []string{
			"base: up to date: built and tested", "good: up to date: built and tested", "lacks: up to date: built and tested",
			"child: up to date: built and tested", "other: up to date: built and tested"}},
		{"it is neither selected nor needed", newFacts(), plan.Options{Refuse: refuse, Select: "good:*"}, []string{
			"base: build: never built; needed by good", "good: build: never built", "lacks: skip: not selected", "child: skip: not selected", "other: skip: not selected"}},
		{"a child needs it", newFacts("base:1"), plan.Options{Refuse: refuse, Select: "child:*"}, []string{
			"base: skip: not selected", "good: skip: not selected", "lacks: error: fleet/lacks:3: nobody gives it",
			"child: blocked: blocked by lacks, which has an error", "other: skip: not selected"}},
	} {
		if diff := cmp.Diff(tt.wanted, text(plan.Make(f, tt.facts, tt.o))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}
