package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/recipe"
)

// TestWhatIsIgnoredChangesNothing: for random Dockerfiles over random files, an edit that leaves the
// instructions and the digest over what the build followed as they were is one that BuildKit, asked for a
// second solve with its cache, sees no difference in either.
func TestWhatIsIgnoredChangesNothing(t *testing.T) {
	worlds := 500
	if os.Getenv("SLIPWAY_PROVE") != "" {
		worlds = 5000
	}
	p := enginetest.StartIn(t, enginetest.Memory(t))
	parents := makeParents(t, p)
	const workers = 4
	var sum tally
	t.Run("worlds", func(t *testing.T) {
		for k := range uint64(workers) {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				var seen tally
				for seed := k; seen.worlds < worlds/workers; seed += workers {
					w := &world{t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 10)), engine: engine.New(p.Services().BuildKit), dir: filepath.Join(t.TempDir(), "context")}
					w.links = w.rand.IntN(3) == 0
					w.fill()
					w.write(parents)
					w.compare(&seen)
				}
				sum.add(&seen)
			})
		}
	})
	t.Logf("%d Dockerfiles, %d edits: %d ignored, %d altered something, %d counted although nothing differs, %d broke the build, %d could not be judged",
		sum.worlds, sum.edits, sum.ignored, sum.altered, sum.careful, sum.broken, sum.unsettled)
	if sum.ignored < sum.edits/8 || sum.altered < sum.edits/8 || sum.unsettled > sum.edits/100 {
		t.Error("the test proves little")
	}
}

// tally counts what was tried.
type tally struct {
	mu                                                          sync.Mutex
	worlds, edits, ignored, altered, careful, broken, unsettled int
}

func (s *tally) add(o *tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worlds, s.edits, s.ignored = s.worlds+o.worlds, s.edits+o.edits, s.ignored+o.ignored
	s.altered, s.careful, s.broken, s.unsettled = s.altered+o.altered, s.careful+o.careful, s.broken+o.broken, s.unsettled+o.unsettled
}

// compare edits a world twice, and holds what a plan would see of it to what BuildKit sees.
func (w *world) compare(seen *tally) {
	first, err := w.build()
	if err != nil {
		return // a Dockerfile that names what is not there
	}
	seen.worlds++
	for range 2 {
		followed, err := recipe.Parse(first.followed.String())
		if err != nil || !followed.Known {
			w.t.Fatalf("seed %d: the record %q: %v", w.seed, first.followed, err)
		}
		before := w.digest(followed)
		was := w.copy()
		edit := w.edit()
		seen.edits++
		same := w.digest(followed) == before
		second, err := w.build()
		altered := err != nil || second.config != first.config || len(second.ran) > 0
		if same && altered && err == nil && w.unsettled(was) {
			seen.unsettled++
			first = second
			continue
		}
		switch {
		case same && altered:
			w.t.Errorf("seed %d: %s is ignored, but BuildKit sees it: %v, ran %q\n%s\nrecord %s", w.seed, edit, err, second.ran, w.text(), followed)
		case same:
			seen.ignored++
		case altered:
			seen.altered++
		default:
			seen.careful++
		}
		if err != nil {
			seen.broken++
			return
		}
		first = second
	}
}

// copy is the world as it is now, at another place.
func (w *world) copy() *world {
	c := *w
	c.dir, c.lines = w.dir+"-before", slices.Clone(w.lines)
	w.must(os.RemoveAll(c.dir))
	w.must(exec.Command("cp", "-a", w.dir, c.dir).Run())
	return &c
}

// unsettled tells whether BuildKit's cache, and no edit, is the reason why steps ran: many solves at once
// that share steps leave it without some results. Both worlds get a first step that nobody else has; what
// the old one has in the cache then is all that the edited one may need.
func (w *world) unsettled(was *world) bool {
	for try := range 3 {
		old, edited := was.salted(try), w.salted(try)
		_, err := old.build()
		w.must(err)
		control, err := old.build()
		w.must(err)
		if len(control.ran) > 0 {
			continue
		}
		again, err := edited.build()
		return err == nil && again.config == control.config && len(again.ran) == 0
	}
	return false
}

// salted has a step of its own in each stage.
func (w *world) salted(try int) *world {
	c := *w
	c.lines = nil
	for _, l := range w.lines {
		c.lines = append(c.lines, l)
		if strings.HasPrefix(l, "FROM ") {
			c.lines = append(c.lines, fmt.Sprintf("COPY <<SALT /salt\n%d %d\nSALT", w.seed, try))
		}
	}
	return &c
}

// tree is the context as a fleet sends it.
func (w *world) tree() *buildcontext.Tree {
	root, err := os.OpenRoot(w.dir)
	w.must(err)
	if w.links {
		t, err := buildcontext.OpenWithLinks(root, ".", "context", "Dockerfile", buildcontext.Options{})
		w.must(err)
		return t
	}
	t, err := buildcontext.Open(root, ".", "context", buildcontext.Options{})
	w.must(err)
	return t
}

// digest is of all that a plan compares, but for parents.
func (w *world) digest(followed recipe.Followed) string {
	tree := w.tree()
	defer tree.Close()
	contents, err := tree.Read(w.t.Context(), nil)
	w.must(err)
	own := buildcontext.Own{}
	if !w.links {
		own.Context = []byte(w.text())
	}
	files, err := contents.Digest(followed, own)
	w.must(err)
	parsed, err := dockerfile.Parse([]byte(w.text()), nil, "")
	if err != nil {
		return "unreadable: " + err.Error()
	}
	return files + "\n" + parsed.Instructions
}

func (w *world) text() string { return strings.Join(w.lines, "\n") + "\n" }

// solved is a build, and the steps that BuildKit did not find in its cache.
type solved struct {
	followed recipe.Followed
	config   string // of the image
	ran      []string
}

func (w *world) build() (solved, error) {
	tree := w.tree()
	defer tree.Close()
	r := enginetest.Request("registry.example/child:1", w.text(), fstest.MapFS{})
	r.Context = tree
	if !w.links {
		r.Context = tree.With([]byte(w.text()))
	}
	var s solved
	cached := map[string]bool{}
	names := map[string]string{}
	r.Progress = func(u engine.Update) {
		for _, step := range u.Steps {
			if !strings.Contains(step.Name, "/") || strings.HasPrefix(step.Name, "[internal]") || strings.Contains(step.Name, " FROM ") {
				continue
			}
			if strings.HasPrefix(step.Name, "[") {
				names[step.ID] = step.Name
				cached[step.ID] = cached[step.ID] || step.Cached
			}
		}
	}
	var err error
	s.followed, s.config, err = w.engine.Solve(context.WithoutCancel(w.t.Context()), r)
	for id, name := range names {
		if !cached[id] {
			s.ran = append(s.ran, name)
		}
	}
	return s, err
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
