package runner_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/platforms"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/imagetest/fleettest"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
	"github.com/slipway-build/slipway/runner"
	"github.com/slipway-build/slipway/runner/remote"
	"github.com/slipway-build/slipway/state"
	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/store/storetest"
)

// TestGoodStaysGood: whatever is done in whatever order, with kills in between, every image that is
// listed is whole, can be saved and loaded elsewhere, and what a plan calls up to date is what would be
// built now; a good image is only lost to a better one, or by somebody's wish. The store is the real one,
// its engine makes images of a few bytes.
func TestGoodStaysGood(t *testing.T) {
	sequences := 500
	if os.Getenv("SLIPWAY_PROVE") != "" {
		sequences = 5000
	}
	server := registrytest.Start(t, registrytest.Config{})
	client, err := registry.New(registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var mu sync.Mutex
	done := map[string]int{}
	const workers = 4
	t.Run("sequences", func(t *testing.T) {
		for k := range workers {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				for seed := k; seed < sequences; seed += workers {
					s := newShipyard(t, uint64(seed), server.Addr, client)
					for range 10 {
						s.step()
					}
					s.close()
					mu.Lock()
					for what, n := range s.done {
						done[what] += n
					}
					mu.Unlock()
				}
			})
		}
	})
	t.Log(done)
	for _, what := range []string{"kill", "kept", "failed build", "failed test", "rmi", "prune", "pull", "push", "up to date", "pinned"} {
		if done[what] < sequences/20 {
			t.Errorf("%q happened %d times: the test proves little", what, done[what])
		}
	}
}

// shipyard is a fleet, its store and its registry.
type shipyard struct {
	t       *testing.T
	seed    uint64
	rand    *rand.Rand
	dir     string
	prefix  string // of all references
	config  *config.Config
	client  *registry.Client
	root    *storetest.Root
	state   *state.DB
	version map[string]int
	broken  map[string]bool   // their builds fail
	good    map[string]string // digests of good images by reference, which nobody took away
	log     []string
	done    map[string]int

	roots  int
	ops    int    // of the database of names, since the operation began
	killAt int    // the operation after which the run is killed; zero for none
	killed string // the copy of the root as it was then
}

var needs = map[string]string{"base": "", "mid": "base", "leaf": "mid", "side": "base"}

func newShipyard(t *testing.T, seed uint64, addr string, client *registry.Client) *shipyard {
	s := &shipyard{
		t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 1)), dir: memory(t), client: client,
		version: map[string]int{}, broken: map[string]bool{}, good: map[string]string{}, done: map[string]int{},
	}
	s.prefix = fmt.Sprintf("%s/s%d/", addr, seed)
	s.write("config.yaml", fmt.Sprintf("registry: %s\nnamespace: s%d\n", addr, seed))
	for name, parent := range needs {
		from := "FROM scratch\n"
		if parent != "" {
			from = fmt.Sprintf("FROM {{ %q | image_tag }}\n", parent)
			s.write("fleet/"+name+"/control", "Package: "+name+"\nBuild-Depends: "+parent+"\n")
		}
		s.write("fleet/"+name+"/Dockerfile.template", from+"COPY file /"+name+"\n")
		s.write("fleet/"+name+"/file", "0")
		s.bump(name)
	}
	var err error
	s.config, err = config.Load(config.Sources{File: filepath.Join(s.dir, "config.yaml"), FileExplicit: true, Env: func(string) string { return "" }})
	s.must(err)
	s.state, err = state.Memory(s.ctx())
	s.must(err)
	s.reopen(s.folder())
	return s
}

// memory is a folder on no disk, if there is a place for one: the test syncs a lot.
func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "slipway-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s *shipyard) ctx() context.Context { return storetest.Context(s.t.Context()) }

func (s *shipyard) folder() string {
	s.roots++
	return filepath.Join(s.dir, fmt.Sprint("root", s.roots))
}

func (s *shipyard) reopen(folder string) {
	s.must(os.MkdirAll(folder, 0o700))
	root, err := storetest.Open(s.ctx(), folder, func(db images.Store) images.Store { return &watched{db, s} })
	s.must(err)
	s.root = root
}

func (s *shipyard) close() {
	s.must(errors.Join(s.root.Close(), s.state.Close(), os.RemoveAll(s.dir)))
}

func (s *shipyard) must(err error) {
	s.t.Helper()
	if err != nil {
		s.fail("%v", err)
	}
}

func (s *shipyard) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d, after %s: %s", s.seed, strings.Join(s.log, ", "), fmt.Sprintf(format, args...))
}

func (s *shipyard) write(name, text string) {
	path := filepath.Join(s.dir, name)
	s.must(os.MkdirAll(filepath.Dir(path), 0o755))
	s.must(os.WriteFile(path, []byte(text), 0o644))
}

// watched is the database of names, with a place to be killed before and after each change.
type watched struct {
	images.Store
	s *shipyard
}

func (w *watched) Create(ctx context.Context, img images.Image) (images.Image, error) {
	w.s.moment()
	img, err := w.Store.Create(ctx, img)
	w.s.moment()
	return img, err
}

func (w *watched) Update(ctx context.Context, img images.Image, fields ...string) (images.Image, error) {
	w.s.moment()
	img, err := w.Store.Update(ctx, img, fields...)
	w.s.moment()
	return img, err
}

func (w *watched) Delete(ctx context.Context, name string, opts ...images.DeleteOpt) error {
	w.s.moment()
	err := w.Store.Delete(ctx, name, opts...)
	w.s.moment()
	return err
}

// moment is one at which the process could be killed. Another process looks at the store, too.
func (s *shipyard) moment() {
	if s.root == nil || s.killAt == 0 { // it is being opened, or nothing dangerous goes on
		return
	}
	s.ops++
	s.look()
	if s.ops == s.killAt {
		s.killed = s.folder()
		s.must(s.root.Copy(s.killed))
	}
}

// look is what another process sees: names and blobs on the disk.
func (s *shipyard) look() {
	list, known, err := s.root.Local().Index()
	s.must(err)
	if !known {
		return
	}
	var check []*store.Image
	for i := range list {
		check = append(check, &list[i])
	}
	s.must(s.root.Local().Check(s.ctx(), check))
	for _, img := range list {
		if img.Damaged != "" {
			s.fail("another process sees that %s is damaged: %s", img.Ref, img.Damaged)
		}
	}
}

// step does something, and looks at everything afterwards.
func (s *shipyard) step() {
	name := s.pick("base", "mid", "leaf", "side")
	switch s.rand.IntN(12) {
	case 0, 1:
		s.note("edit " + name)
		s.write("fleet/"+name+"/file", fmt.Sprint(s.rand.IntN(3)))
	case 2:
		s.note("bump " + name)
		for n := range needs {
			if s.isOn(n, name) {
				s.bump(n)
			}
		}
	case 3:
		s.broken[name] = !s.broken[name]
		s.note(fmt.Sprintf("%s builds: %v", name, !s.broken[name]))
		s.build()
	case 4:
		path := filepath.Join(s.dir, "fleet", name, "fail")
		if os.Remove(path) != nil {
			s.write("fleet/"+name+"/fail", "")
		}
		s.note("another outcome of the test of " + name)
		s.build()
	case 5:
		s.remove()
	case 6:
		s.prune()
	case 7:
		s.note("prune --cache")
		s.must(s.root.Collect(s.ctx()))
	case 8:
		s.pull()
	case 9:
		s.push()
	default:
		s.build()
	}
	s.inspect()
}

func (s *shipyard) pick(of ...string) string { return of[s.rand.IntN(len(of))] }

func (s *shipyard) note(what string) { s.log = append(s.log, what) }

func (s *shipyard) isOn(name, other string) bool {
	for ; name != ""; name = needs[name] {
		if name == other {
			return true
		}
	}
	return false
}

func (s *shipyard) bump(name string) {
	s.version[name]++
	s.write("fleet/"+name+"/changelog", fmt.Sprintf("%s (%d) stable; urgency=medium\n\n  * Change.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n", name, s.version[name]))
}

func (s *shipyard) scan() *fleet.Fleet {
	f, err := fleet.Scan(s.ctx(), fleet.ScanOptions{
		Dir: filepath.Join(s.dir, "fleet"), Config: s.config, Platform: platform.Machine(),
		ParseDockerfile: dockerfile.Parse,
	})
	s.must(err)
	return f
}

// test fails while there is a file fail in the image's folder.
var test = fleettest.Test{Test: imagetest.Test{Command: "/usr/bin/test", Args: []string{"!", "-e", "{path}/fail"}}}

func (s *shipyard) decide(f *fleet.Fleet, o plan.Options, asked bool) facts.Decision {
	sources := facts.Sources{
		Stored: func(context.Context) ([]store.Image, error) {
			list, _, err := s.root.Local().Index()
			return list, err
		},
		Check: s.root.Local().Check, State: s.state, Test: test, Level: engine.Level,
		Unwritten: func(_ context.Context, err error) error { return err },
	}
	if asked {
		sources.Look = s.client.Look
	}
	d, err := sources.Decide(s.ctx(), f, o)
	s.must(err)
	return d
}

// build builds the fleet, publishes it or does not, and may be killed on the way.
func (s *shipyard) build() {
	f := s.scan()
	publish := s.rand.IntN(3) == 0
	d := s.decide(f, plan.Options{Publish: publish}, publish)
	s.ops, s.killAt, s.killed = 0, 1<<30, ""
	if s.rand.IntN(2) == 0 {
		s.killAt = 1 + s.rand.IntN(16)
	}
	s.note(fmt.Sprintf("build (publish %v, killed at %d)", publish, s.killAt))
	summary, err := runner.Run(s.ctx(), d.Plan, runner.Options{
		Engine: yard{s}, Store: s.root.Store, Fleet: f, Inputs: d.Inputs, History: s.state, RunID: 1, Test: test, Sandbox: new(imagetest.Sandbox),
		Scratch: s.dir, LogDir: filepath.Join(s.dir, "logs"),
		Remote: &remote.Registries{
			Client: s.client, Store: s.root.Store, Content: s.root.Content, Hold: s.root.Hold, Platform: string(f.Platform), UpdateID: "s",
		},
	})
	s.must(err)
	s.killAt = 0
	for _, r := range summary.Results {
		switch {
		case r.Outcome == event.BuildError && r.Test == event.TestFailed:
			s.done["failed test"]++
		case r.Outcome == event.BuildError && r.Image.Err == nil:
			s.done["failed build"]++
		}
	}
	if s.killed != "" {
		s.done["kill"]++
		old := s.root.Folder
		s.must(s.root.Close())
		s.must(os.RemoveAll(old))
		s.root = nil
		s.reopen(s.killed)
	}
	if s.rand.IntN(2) == 0 {
		s.must(s.root.Collect(s.ctx())) // as at the end of an engine
	}
}

func (s *shipyard) stored() []store.Image {
	list, err := s.root.Store.List(s.ctx())
	s.must(err)
	return list
}

func (s *shipyard) remove() {
	list := s.stored()
	if len(list) == 0 {
		return
	}
	ref := list[s.rand.IntN(len(list))].Ref
	s.note("rmi " + ref)
	s.done["rmi"]++
	s.must(s.root.Store.Remove(s.ctx(), ref))
	s.must(s.root.Collect(s.ctx()))
	delete(s.good, ref)
}

func (s *shipyard) prune() {
	f := s.scan()
	s.note("prune")
	for _, r := range plan.Prune(f, facts.FromStore(s.stored()), plan.PruneOptions{}) {
		s.done["prune"]++
		s.must(s.root.Store.Remove(s.ctx(), r.Ref))
		delete(s.good, r.Ref)
	}
	s.must(s.root.Collect(s.ctx()))
}

// current are the references of the fleet.
func (s *shipyard) current() []string {
	var refs []string
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		refs = append(refs, fmt.Sprintf("%s%s:%d", s.prefix, name, s.version[name]))
	}
	return refs
}

func (s *shipyard) pull() {
	ref := s.pick(s.current()...)
	there, err := s.client.Digests(s.ctx(), []string{ref})
	s.must(err)
	if there[ref] == "" {
		return
	}
	s.note("pull " + ref)
	s.done["pull"]++
	from := remote.Registries{Client: s.client, Store: s.root.Store, Content: s.root.Content, Hold: s.root.Hold, Platform: platforms.DefaultString()}
	_, err = from.Pull(s.ctx(), ref, ref, nil)
	s.must(err)
	delete(s.good, ref) // somebody wanted that one
}

func (s *shipyard) push() {
	ref := s.pick(s.current()...)
	img, err := s.root.Store.Look(s.ctx(), ref)
	if err != nil || img.Tested == "" {
		return
	}
	s.note("push " + ref)
	s.done["push"]++
	target, err := s.root.Store.Target(s.ctx(), ref)
	s.must(err)
	_, err = s.client.Push(s.ctx(), target, s.root.Content, registry.PushOptions{}, ref)
	s.must(err)
}
