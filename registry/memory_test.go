package registry_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// memory is a registry.Memory in a map.
type memory struct {
	entries map[string]registry.Remembered
	broken  error
}

func (m *memory) Load(_ context.Context, refs []string) (map[string]registry.Remembered, error) {
	out := map[string]registry.Remembered{}
	for _, r := range refs {
		if e, ok := m.entries[r]; ok {
			out[r] = e
		}
	}
	return out, m.broken
}

func (m *memory) Save(_ context.Context, answers map[string]registry.Remembered) error {
	if m.broken != nil {
		return m.broken
	}
	for r, e := range answers {
		if m.entries[r] = e; e.Digest == "" {
			delete(m.entries, r)
		}
	}
	return nil
}

func TestMemory(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	p := registrytest.NewProxy(t, srv)
	m := &memory{entries: map[string]registry.Remembered{}}
	c := client(t, registry.Options{Memory: m})
	from := registrytest.NewBlobs()
	repo := p.Addr + "/memory/image"
	one, two := from.Image(t, 1, 10), from.Image(t, 2, 10)
	_, err := c.Push(t.Context(), one, from, registry.PushOptions{}, repo+":1", repo+":2", repo+":3")
	must(t, err)
	refs := []string{repo + ":1", repo + ":2", repo + ":3", repo + ":4"}
	first, err := c.Digests(t.Context(), refs)
	must(t, err)
	if len(m.entries) != 3 || len(first) != 3 {
		t.Fatalf("%d entries, %d found", len(m.entries), len(first))
	}

	// docker-registry answers 304 to what is unchanged.
	second, err := c.Digests(t.Context(), refs)
	must(t, err)
	if !maps.Equal(first, second) {
		t.Errorf("the second check found %v", second)
	}
	if n := srv.Count("HEAD", `" 304 `); n != 3 {
		t.Errorf("%d answers 304", n)
	}

	// A tag that was moved and one that was removed are noticed, what is new is found.
	other := client(t, registry.Options{})
	_, err = other.Push(t.Context(), two, from, registry.PushOptions{}, repo+":2", repo+":4")
	must(t, err)
	must(t, other.Delete(t.Context(), repo+"@"+one.Digest.String()))
	third, err := c.Digests(t.Context(), refs)
	must(t, err)
	if want := map[string]digests.Manifest{repo + ":2": digests.Manifest(two.Digest), repo + ":4": digests.Manifest(two.Digest)}; !maps.Equal(third, want) || len(m.entries) != 2 {
		t.Errorf("after changes there is %v, remembered %v", third, m.entries)
	}

	// What is fresh is not asked for; what is not there always is, and faults are not remembered.
	p.Requests()
	fresh := client(t, registry.Options{Memory: m, Fresh: time.Minute})
	_, err = fresh.Digests(t.Context(), refs[1:2])
	must(t, err)
	if r := p.Requests(); len(r) != 0 {
		t.Errorf("fresh answers took %q", r)
	}
	p.Inject(registrytest.Fault{Method: "HEAD", Status: 500})
	if _, err = c.Digests(t.Context(), refs); !errors.Is(err, registry.ErrServer) || len(m.entries) != 2 {
		t.Errorf("after faults: %v, remembered %v", err, m.entries)
	}
	m.broken = errors.New("the disk is gone")
	if _, err = c.Digests(t.Context(), refs); !errors.Is(err, m.broken) {
		t.Errorf("a memory that cannot be read: %v", err)
	}
}

// fleet publishes images, each in a repository of its own.
func fleet(t testing.TB, addr string, n int) []string {
	c := client(t, registry.Options{})
	from := registrytest.NewBlobs()
	image := from.Image(t, 1, 10)
	refs := make([]string, n)
	queue := make(chan string, n)
	for i := range n {
		refs[i] = fmt.Sprintf("%s/fleet/image%d:1.0", addr, i)
		queue <- refs[i]
	}
	close(queue)
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			var err error
			for ref := range queue {
				_, perr := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
				err = errors.Join(err, perr)
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		must(t, <-errs)
	}
	return refs
}

// checks are the two ways to ask; each tells how many it finds.
var checks = []struct {
	name string
	run  func(ctx context.Context, c *registry.Client, refs []string) (int, error)
}{
	{"Look", func(ctx context.Context, c *registry.Client, refs []string) (int, error) {
		got, err := c.Look(ctx, platform, []string{"org.opencontainers.image.base.digest"}, refs)
		return len(got), err
	}},
	{"Digests", func(ctx context.Context, c *registry.Client, refs []string) (int, error) {
		got, err := c.Digests(ctx, refs)
		return len(got), err
	}},
}

// TestRequestsOfChecks bounds what a check of many images takes.
func TestRequestsOfChecks(t *testing.T) {
	t.Parallel()
	srv := registrytest.InMemory(t)
	refs := fleet(t, srv.Addr, 1000)
	p := registrytest.NewProxy(t, srv)
	for i := range refs {
		refs[i] = strings.Replace(refs[i], srv.Addr, p.Addr, 1)
	}
	for _, check := range checks {
		m := &memory{entries: map[string]registry.Remembered{}}
		for _, c := range []struct {
			name  string
			fresh time.Duration
			most  int
		}{{"cold", 0, 1100}, {"warm", 0, 1001}, {"fresh", time.Minute, 0}} {
			found, err := check.run(t.Context(), client(t, registry.Options{Memory: m, Fresh: c.fresh}), refs)
			must(t, err)
			if n := len(p.Requests()); n > c.most || found != len(refs) {
				t.Errorf("%s, %s: %d requests, %d found", check.name, c.name, n, found)
			}
		}
	}
	// A hundred tags of one repository that are not there take one request.
	var tags []string
	for i := range 100 {
		tags = append(tags, fmt.Sprintf("%s/fleet/image0:9.%d", p.Addr, i))
	}
	for _, check := range checks {
		_, err := check.run(t.Context(), client(t, registry.Options{}), tags)
		must(t, err)
		if n := len(p.Requests()); n > 2 {
			t.Errorf("%s: a hundred tags of one repository: %d requests", check.name, n)
		}
	}
}
