package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/runner/publishing"
)

// chronicler is a Remote that takes a second for everything, and fails for what it is told to. The
// real one is tested in runner/remote and by the program's own tests.
type chronicler struct {
	mu        sync.Mutex
	bad       map[string]bool
	began     []string
	published []string
	most, now int
}

func (c *chronicler) Fetch(context.Context, string, digests.Manifest, publishing.Progress) error {
	return errors.New("nothing is fetched here")
}

func (c *chronicler) Digests(_ context.Context, refs []string) (map[string]digests.Manifest, error) {
	found := map[string]digests.Manifest{}
	for _, ref := range refs {
		found[ref] = digests.Manifest("sha256:" + ref)
	}
	return found, nil
}

func (c *chronicler) Publish(ctx context.Context, p publishing.Publication) (publishing.Published, error) {
	c.mu.Lock()
	c.began = append(c.began, p.Image.Ref)
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now--
	if ctx.Err() != nil {
		return publishing.Published{}, ctx.Err()
	}
	if c.bad[p.Image.Ref] {
		return publishing.Published{}, errors.New("no space left")
	}
	c.published = append(c.published, p.Image.Ref)
	return publishing.Published{Digest: digests.Manifest("sha256:" + p.Image.Ref), Moved: []string{p.Image.Ref}}, nil
}

// publishable is a fleet of images that are good and only to be published; some are published already.
func publishable(r *rand.Rand) []*plan.Step {
	n := 1 + r.IntN(20)
	edges := randomEdges(r, n)
	steps := graph(edges...)
	for i, s := range steps {
		s.Action, s.Publish = plan.Publish, true
		switch r.IntN(5) {
		case 0: // others are made from what takes its place
			s.Digest, s.Replace = "sha256:old", true
		case 1:
			s.Action, s.Publish, s.Digest = plan.Published, false, digests.Manifest("sha256:"+s.Image.Ref)
		}
		for _, j := range edges[i] {
			s.Image.Depends = append(s.Image.Depends, fleet.Dependency{Name: steps[j].Image.Name, Image: steps[j].Image, Used: r.IntN(4) > 0, Declared: true})
		}
	}
	return steps
}

// TestPublishingOfRandomGraphs: an image is published if and only if all that it is made from is, and
// not before; what is not names the root causes; nothing else is kept back.
func TestPublishingOfRandomGraphs(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			steps := publishable(r)
			remote := &chronicler{bad: map[string]bool{}}
			for _, s := range steps {
				if r.IntN(5) == 0 {
					remote.bad[s.Image.Ref] = true
				}
			}
			var said []string
			summary, err := Run(t.Context(), &plan.Plan{Steps: steps}, Options{Remote: remote, Jobs: 2, Events: func(e event.Event) {
				if e.Kind == event.Unpublished || e.Kind == event.WasPublished {
					said = append(said, e.Image)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			causes := map[string][]string{}
			for i, s := range steps {
				ref, res := s.Image.Ref, summary.Results[i]
				for _, parent := range s.Image.Used() {
					causes[ref] = union(causes[ref], causes[parent.Ref])
				}
				want := event.PublishDone
				switch {
				case !s.Publish:
					want, causes[ref] = "", nil
				case len(causes[ref]) > 0:
					want = event.PublishBlocked
				case remote.bad[ref]:
					want, causes[ref] = event.PublishFailed, []string{ref}
				}
				if res.Publishing != want || (res.PublishErr != nil) != (want == event.PublishFailed) {
					t.Fatalf("seed %d: %s: %q, want %q; %v", seed, ref, res.Publishing, want, res.PublishErr)
				}
				if diff := cmp.Diff(causes[ref], res.PublishCauses); want == event.PublishBlocked && diff != "" {
					t.Fatalf("seed %d: causes of %s: %s", seed, ref, diff)
				}
				if s.Publish != slices.Contains(said, ref) {
					t.Fatalf("seed %d: said of %v", seed, said)
				}
				for _, parent := range s.Image.Used() {
					before, own := slices.Index(remote.published, parent.Ref), slices.Index(remote.published, ref)
					if slices.Contains(remote.began, ref) && own < 0 && !remote.bad[ref] || own >= 0 && before > own {
						t.Fatalf("seed %d: %s before %s: %v", seed, ref, parent.Ref, remote.published)
					}
				}
			}
			if remote.most > transfers || summary.Good() != (len(remote.bad) == 0 || summary.CountPublishing(event.PublishFailed) == 0) {
				t.Fatalf("seed %d: %d at once; good: %v", seed, remote.most, summary.Good())
			}
		})
	}
}

// TestInterruptedPublishing: what has not begun does not begin, and the run says that it was interrupted.
func TestInterruptedPublishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := graph(nil, []int{0}, []int{1})
		for i, s := range steps {
			s.Action, s.Publish = plan.Publish, true
			if i > 0 {
				s.Image.Depends = []fleet.Dependency{{Image: steps[i-1].Image, Used: true}}
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		remote := &chronicler{}
		summary, err := Run(ctx, &plan.Plan{Steps: steps}, Options{Remote: remote})
		if err != nil || !summary.Interrupted || len(remote.published) != 1 || len(remote.began) != 2 {
			t.Fatalf("%v, %+v, began %v, published %v", err, summary, remote.began, remote.published)
		}
		if got := fmt.Sprint(summary.Results[1].PublishErr); !strings.Contains(got, "interrupted") {
			t.Errorf("%s", got)
		}
		if summary.Results[2].Publishing != event.PublishBlocked {
			t.Errorf("%+v", summary.Results[2])
		}
	})
}

// TestCheckBasis: what was built now is published only on what the registry has.
func TestCheckBasis(t *testing.T) {
	steps := graph(nil, []int{0})
	steps[0].Digest = "sha256:there"
	steps[0].Image.Name, steps[1].Image.Name = "a", "b"
	steps[1].Image.Depends = []fleet.Dependency{{Name: "a", Image: steps[0].Image, Used: true}}
	f, err := fleet.New("fleet", []*fleet.Image{steps[0].Image, steps[1].Image})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{Options: Options{Fleet: f}}
	p := newPublisher(r, steps)
	ref := steps[0].Image.Ref
	p.of[steps[0]].was = "sha256:was"
	for _, tt := range []struct {
		res  result
		want string
	}{
		{result{}, ""},
		{result{basis: map[string]digests.Manifest{ref: "sha256:there"}}, ""},
		{result{basis: map[string]digests.Manifest{ref: "sha256:was"}}, ""}, // its manifest was changed for its base
		{result{basis: map[string]digests.Manifest{ref: "sha256:here"}}, "as the store had it (sha256:here), but the registry has sha256:there"},
		{result{unsure: true}, "its files changed while it was built"},
	} {
		err := p.checkBasis(steps[1], tt.res, map[string]*publication{ref: p.of[steps[0]]})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.res, err)
		}
	}
}
