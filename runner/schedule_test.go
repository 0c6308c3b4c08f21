package runner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

// graph makes steps a, b, c … from lines "c: a b", in plan order.
func graph(edges ...[]int) []*plan.Step {
	steps := make([]*plan.Step, len(edges))
	for i, needs := range edges {
		steps[i] = &plan.Step{Image: &fleet.Image{Ref: string(rune('a' + i))}, Action: plan.Build}
		for _, n := range needs {
			steps[i].Needs = append(steps[i].Needs, steps[n])
		}
	}
	return steps
}

// randomEdges says what each of n needs, among those before it.
func randomEdges(r *rand.Rand, n int) [][]int {
	edges := make([][]int, n)
	for i := range edges {
		for j := range i {
			if r.IntN(4) == 0 {
				edges[i] = append(edges[i], j)
			}
		}
	}
	return edges
}

// never is of a run that goes on after failures.
func never() bool { return false }

// chronicle runs a schedule in which the images of bad fail, and returns the order
// of starts and who was blocked by whom.
func chronicle(ctx context.Context, steps []*plan.Step, jobs int, bad string) (started []string, blocked map[string][]string, cancelled []string) {
	blocked = map[string][]string{}
	var mu sync.Mutex
	schedule(ctx, steps, jobs, never, func(_ context.Context, s *plan.Step) event.Outcome {
		mu.Lock()
		defer mu.Unlock()
		started = append(started, s.Image.Ref)
		if slices.Contains([]rune(bad), rune(s.Image.Ref[0])) {
			return event.BuildError
		}
		return event.Built
	}, func(s *plan.Step, causes []string) { blocked[s.Image.Ref] = causes },
		func(s *plan.Step) { cancelled = append(cancelled, s.Image.Ref) })
	return started, blocked, cancelled
}

func TestScheduleAtOneJobIsPlanOrder(t *testing.T) {
	steps := graph(nil, nil, []int{0}, []int{1, 2}, nil)
	for range 20 {
		started, _, _ := chronicle(t.Context(), steps, 1, "")
		if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, started); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestScheduleNamesRootCauses(t *testing.T) {
	// a, b fail; c needs a; d needs b and c; e needs d; f is free.
	steps := graph(nil, nil, []int{0}, []int{1, 2}, []int{3}, nil)
	started, blocked, _ := chronicle(t.Context(), steps, 1, "ab")
	if diff := cmp.Diff([]string{"a", "b", "f"}, started); diff != "" {
		t.Error(diff)
	}
	want := map[string][]string{"c": {"a"}, "d": {"a", "b"}, "e": {"a", "b"}}
	if diff := cmp.Diff(want, blocked); diff != "" {
		t.Error(diff)
	}
}

func TestScheduleStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	started, blocked, cancelled := chronicle(ctx, graph(nil, []int{0}, nil), 2, "")
	slices.Sort(cancelled)
	if len(started) != 0 || len(blocked) != 0 || !slices.Equal(cancelled, []string{"a", "b", "c"}) {
		t.Errorf("started %v, blocked %v, cancelled %v", started, blocked, cancelled)
	}
}

// TestScheduleHasEnough: after the first failure what runs comes to its end, and what waits is not
// started; what depends on the failure is blocked by it.
func TestScheduleHasEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed atomic.Bool
		var ended, blocked, cancelled []string
		schedule(t.Context(), graph(nil, nil, []int{0}, []int{1}, nil), 2, failed.Load, func(ctx context.Context, s *plan.Step) event.Outcome {
			if s.Image.Ref == "a" {
				failed.Store(true)
				return event.BuildError
			}
			select {
			case <-ctx.Done():
				return event.Interrupt
			case <-time.After(time.Second):
				ended = append(ended, s.Image.Ref)
				return event.Built
			}
		}, func(s *plan.Step, _ []string) { blocked = append(blocked, s.Image.Ref) },
			func(s *plan.Step) { cancelled = append(cancelled, s.Image.Ref) })
		slices.Sort(cancelled)
		if !slices.Equal(ended, []string{"b"}) || !slices.Equal(blocked, []string{"c"}) || !slices.Equal(cancelled, []string{"d", "e"}) {
			t.Errorf("ended %v, blocked %v, cancelled %v", ended, blocked, cancelled)
		}
	})
}

// TestScheduleRunsSideBySide: with two jobs, four independent seconds take two.
func TestScheduleRunsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		schedule(t.Context(), graph(nil, nil, nil, nil), 2, never, func(context.Context, *plan.Step) event.Outcome {
			time.Sleep(time.Second)
			return event.Built
		}, nil, nil)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// idle tells whether a step has nothing to build.
func idle(s *plan.Step) bool {
	return s.Action.Idle() || s.Action == plan.Pull
}

// TestScheduleOfRandomGraphs: every step ends exactly once; it starts only after
// all it needs were good, and is blocked if and only if something above failed. One
// with nothing to do is never blocked.
func TestScheduleOfRandomGraphs(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := 1 + r.IntN(25)
		edges := randomEdges(r, n)
		steps := graph(edges...)
		bad := ""
		for i := range n {
			switch r.IntN(6) {
			case 0:
				bad += string(rune('a' + i))
			case 1:
				steps[i].Action = plan.UpToDate
			case 2:
				steps[i].Action = plan.Skip
			}
		}
		started, blocked, cancelled := chronicle(t.Context(), steps, 1+r.IntN(4), bad)
		checkRandom(t, fmt.Sprintf("seed %d", seed), steps, edges, bad, started, blocked)
		if len(cancelled) != 0 || len(started)+len(blocked) != n {
			t.Fatalf("seed %d: %d started, %d blocked, %d cancelled of %d", seed, len(started), len(blocked), len(cancelled), n)
		}
	}
}

func checkRandom(t *testing.T, name string, steps []*plan.Step, edges [][]int, bad string, started []string, blocked map[string][]string) {
	t.Helper()
	causes := make([][]string, len(steps)) // of each step: the failures above it
	for i, s := range steps {
		ref := s.Image.Ref
		if idle(s) {
			if !slices.Contains(started, ref) {
				t.Fatalf("%s: %s has nothing to do, and is blocked by %v", name, ref, blocked[ref])
			}
			continue
		}
		for _, j := range edges[i] {
			up := steps[j].Image.Ref
			if len(causes[j]) == 0 && slices.Contains([]rune(bad), rune(up[0])) {
				causes[i] = union(causes[i], []string{up})
			}
			causes[i] = union(causes[i], causes[j])
			if at, above := slices.Index(started, ref), slices.Index(started, up); at >= 0 && (above < 0 || above > at) {
				t.Fatalf("%s: %s started before %s", name, ref, up)
			}
		}
		if diff := cmp.Diff(causes[i], blocked[ref]); diff != "" && len(causes[i])+len(blocked[ref]) > 0 {
			t.Fatalf("%s: causes of %s: %s", name, ref, diff)
		}
	}
}
