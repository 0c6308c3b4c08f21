package plan_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

// world is a random fleet with a random store.
type world struct {
	fleet *fleet.Fleet
	facts plan.Facts
	glob  string
}

func newWorld(t *testing.T, r *rand.Rand) world {
	n := 1 + r.IntN(25)
	numbers := r.Perm(n)
	var lines, stored []string
	for i, number := range numbers {
		line := fmt.Sprintf("i%02d:%d", number, 5)
		if r.IntN(8) == 0 {
			line += "!"
		}
		line += " needs"
		for _, other := range numbers[:i] {
			if r.IntN(n) < 2 {
				line += fmt.Sprintf(" i%02d", other)
			}
		}
		lines = append(lines, line)
		for tag := range 8 {
			if r.IntN(8) == 0 {
				stored = append(stored, fmt.Sprintf("i%02d:%d%s", number, tag, []string{"", "?"}[r.IntN(2)]))
			}
		}
	}
	stored = append(stored, "stranger:1", "i0:1", "i000:5", "sub/i00:1")
	w := world{fleet: newFleet(t, lines...), facts: newFacts(stored...)}
	if r.IntN(2) == 0 {
		w.glob = fmt.Sprintf("i[0-2][%d-9]:*", r.IntN(10))
	}
	return w
}

func TestPlansOfRandomWorlds(t *testing.T) {
	seen := map[plan.Action]int{}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 5))
		w := newWorld(t, r)
		p := plan.Make(w.fleet, w.facts, plan.Options{Select: w.glob})
		if diff := cmp.Diff(text(p), text(plan.Make(w.fleet, w.facts, plan.Options{Select: w.glob}))); diff != "" {
			t.Fatalf("seed %d: two plans of the same differ\n%s", seed, diff)
		}
		done := map[*plan.Step]bool{}
		for _, s := range p.Steps {
			seen[s.Action]++
			if err := checkStep(w, p, s, done); err != nil {
				t.Fatalf("seed %d: %s is %q: %v\n%s", seed, s.Image.Name, s.Action, err, strings.Join(text(p), "\n"))
			}
			done[s] = true
		}
		if len(p.Steps) != len(w.fleet.Images) {
			t.Fatalf("seed %d: %d steps for %d images", seed, len(p.Steps), len(w.fleet.Images))
		}
	}
	for _, a := range []plan.Action{plan.UpToDate, plan.Build, plan.Error, plan.Blocked, plan.Skip} {
		if seen[a] < 50 {
			t.Errorf("only %d steps %q: the test tests too little", seen[a], a)
		}
	}
}

// checkStep says what must hold for every step, whatever the world.
func checkStep(w world, p *plan.Plan, s *plan.Step, done map[*plan.Step]bool) error {
	stored, isStored := w.facts.Images[s.Image.Ref]
	isStored = isStored && stored.Tested // an image whose test did not end is as good as none
	for _, need := range s.Needs {
		if !done[need] {
			return fmt.Errorf("it comes before %s, which it needs", need.Image.Name)
		}
		if s.Action == plan.Build && (need.Action == plan.Error || need.Action == plan.Blocked) {
			return fmt.Errorf("%s, which it needs, cannot be built", need.Image.Name)
		}
		if there := w.facts.Images[need.Image.Ref].Tested; s.Action == plan.Build && !there && need.Action != plan.Build {
			return fmt.Errorf("%s, which it needs, is neither there nor built", need.Image.Name)
		}
	}
	switch {
	case len(s.Reasons) == 0:
		return fmt.Errorf("it has no reason")
	case s.Action == plan.Build && isStored:
		return fmt.Errorf("it is there")
	case s.Action == plan.UpToDate && !isStored:
		return fmt.Errorf("it is not there")
	case (s.Action == plan.Error) != (s.Image.Err != nil) && s.Action != plan.Skip:
		return fmt.Errorf("its error is %v", s.Image.Err)
	case s.Action == plan.Skip && fleet.NewSelection(w.glob).Matches(s.Image):
		return fmt.Errorf("it is selected")
	}
	return checkCauses(w, p, s, isStored)
}

// checkCauses: an image that is not there is blocked exactly by the wrong images it can reach
// through others that are not there.
func checkCauses(w world, p *plan.Plan, s *plan.Step, isStored bool) error {
	if s.Action == plan.Skip || s.Action == plan.Error || isStored {
		return nil
	}
	causes := map[string]bool{}
	var visit func(*plan.Step)
	visit = func(s *plan.Step) {
		for _, need := range s.Needs {
			if need.Image.Err != nil {
				causes[need.Image.Name] = true
				if need.Action != plan.Error {
					causes["(hidden) "+need.Image.Name] = true
				}
			} else if there := w.facts.Images[need.Image.Ref].Tested; !there {
				visit(need)
			}
		}
	}
	visit(s)
	var got []string
	for _, r := range s.Reasons {
		if r.Kind() == "blocked" {
			name, _, _ := strings.Cut(strings.TrimPrefix(r.Text(), "blocked by "), ",")
			got = append(got, name)
		}
	}
	if len(got) != len(causes) || (s.Action == plan.Blocked) != (len(causes) > 0) {
		return fmt.Errorf("it names %v, blocked it is by %v", got, causes)
	}
	for _, name := range got {
		if !causes[name] {
			return fmt.Errorf("%s does not block it", name)
		}
	}
	return nil
}
