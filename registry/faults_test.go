package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

const wrong = "sha256:0123456789012345678901234567890123456789012345678901234567890123"

// TestFaultsOfPushing: under every fault either the push succeeds, or the tag is what it was, the
// error is of the right kind, and the next push finishes the work.
func TestFaultsOfPushing(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	full := `{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"write /data: no space left on device"}]}`
	cases := []struct {
		name      string
		fault     registrytest.Fault
		kind      error // nil: the push succeeds
		transient bool
	}{
		{"three times 500", registrytest.Fault{Status: 500, Times: 3}, nil, false},
		{"500 for every blob", registrytest.Fault{Method: "PATCH", Status: 500}, registry.ErrServer, true},
		{"503 for manifests", registrytest.Fault{Method: "PUT", Path: "/manifests/", Status: 503}, registry.ErrServer, true},
		{"503 for the tag", registrytest.Fault{Method: "PUT", Path: "/manifests/new", Status: 503}, registry.ErrServer, true},
		{"429 once", registrytest.Fault{Status: 429, Times: 1, Header: map[string]string{"Retry-After": "1"}}, nil, false},
		{"429 once, for a blob", registrytest.Fault{Method: "PATCH", Status: 429, Times: 1, Header: map[string]string{"Retry-After": "1"}}, nil, false},
		{"429 for an hour", registrytest.Fault{Method: "POST", Status: 429, Header: map[string]string{"Retry-After": "3600"}}, registry.ErrRateLimited, true},
		{"a blob is cut once", registrytest.Fault{Method: "PATCH", CutRequest: 300 << 10, Times: 1}, nil, false},
		{"each blob is cut", registrytest.Fault{Method: "PATCH", CutRequest: 300 << 10}, registry.ErrUnreachable, true},
		{"each request is cut", registrytest.Fault{CutRequest: -1}, registry.ErrUnreachable, true},
		{"the end of a blob is cut", registrytest.Fault{Method: "PUT", Path: "/blobs/", CutRequest: -1, Times: 2}, nil, false},
		{"wrong digest for a blob", registrytest.Fault{Method: "PUT", Path: "/blobs/", Header: map[string]string{"Docker-Content-Digest": wrong}}, registry.ErrDigest, false},
		{"wrong digest for a manifest", registrytest.Fault{Method: "PUT", Path: "/manifests/sha256", Header: map[string]string{"Docker-Content-Digest": wrong}}, registry.ErrDigest, false},
		{"nonsense for a digest", registrytest.Fault{Method: "HEAD", Path: "/manifests/", Header: map[string]string{"Docker-Content-Digest": "x"}}, registry.ErrDigest, false},
		{"507", registrytest.Fault{Method: "PATCH", Status: 507}, registry.ErrFull, false},
		{"no space for a blob", registrytest.Fault{Method: "PATCH", Status: 500, Body: full}, registry.ErrFull, false},
		{"no space for a manifest", registrytest.Fault{Method: "PUT", Path: "/manifests/", Status: 500, Body: full}, registry.ErrFull, false},
		{"too large", registrytest.Fault{Method: "PATCH", Status: 413}, registry.ErrRefused, false},
		{"forbidden", registrytest.Fault{Method: "POST", Status: 403}, registry.ErrUnauthorized, false},
		{"sessions are lost", registrytest.Fault{Method: "PATCH", Status: 404, Times: 1}, nil, false},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, srv)
			r := client(t, registry.Options{Transfers: 1})
			ref := fmt.Sprintf("%s/faults/case%d:new", p.Addr, i)
			from := registrytest.NewBlobs()
			old, fresh := from.Image(t, uint64(1000+i), 10), from.Image(t, uint64(2000+i), 10, 1<<20)
			_, err := r.Push(t.Context(), old, from, registry.PushOptions{}, ref)
			must(t, err)

			p.Inject(c.fault)
			_, err = r.Push(t.Context(), fresh, from, registry.PushOptions{}, ref)
			p.Heal()
			if c.kind == nil {
				must(t, err)
			} else {
				if !errors.Is(err, c.kind) || registry.Transient(err) != c.transient {
					t.Errorf("the error is %v, transient %v", err, registry.Transient(err))
				}
				if err == nil || !strings.Contains(err.Error(), p.Addr) {
					t.Errorf("the error does not name the registry: %v", err)
				}
				is(t, r, ref, old.Digest)
				_, err = r.Push(t.Context(), fresh, from, registry.PushOptions{}, ref)
				must(t, err)
			}
			is(t, r, ref, fresh.Digest)
			_, err = r.Pull(t.Context(), ref, registry.PullOptions{}, registrytest.NewBlobs())
			must(t, err)
		})
	}
}

// TestFaultsOfPulling: what arrives is right or is not there.
func TestFaultsOfPulling(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	from := registrytest.NewBlobs()
	image := from.Image(t, 3, 1<<20)
	_, err := client(t, registry.Options{}).Push(t.Context(), image, from, registry.PushOptions{}, srv.Addr+"/faults/pull:1")
	must(t, err)
	noise := string(registrytest.Noise(99, 1<<20))
	cases := []struct {
		name  string
		fault registrytest.Fault
		kind  error
	}{
		{"500 twice", registrytest.Fault{Status: 500, Times: 2}, nil},
		{"the blob is cut twice", registrytest.Fault{Path: "/blobs/", CutResponse: 200 << 10, Times: 2}, nil},
		{"the blob is cut always", registrytest.Fault{Path: "/blobs/", CutResponse: 1}, nil}, // a byte at a time is progress, too
		{"the manifest is cut once", registrytest.Fault{Method: "GET", Path: "/manifests/", CutResponse: 10, Times: 1}, nil},
		{"other content", registrytest.Fault{Path: "/blobs/", Status: 200, Body: noise}, registry.ErrDigest},
		{"more content", registrytest.Fault{Path: "/blobs/", Status: 200, Body: noise + "x"}, registry.ErrDigest},
		{"less content", registrytest.Fault{Path: "/blobs/", Status: 200, Body: noise[:100]}, registry.ErrUnreachable},
		{"wrong digest of the manifest", registrytest.Fault{Method: "GET", Path: "/manifests/", Header: map[string]string{"Docker-Content-Digest": wrong}}, registry.ErrDigest},
		{"no manifest", registrytest.Fault{Path: "/manifests/", Status: 200, Body: "<html>"}, registry.ErrUnsupported},
		{"the blob is not there", registrytest.Fault{Path: "/blobs/", Status: 404}, registry.ErrNotFound},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.fault.CutResponse == 1 {
				c.fault.CutResponse = 100 << 10
			}
			p := registrytest.NewProxy(t, srv)
			r, ref := client(t, registry.Options{}), p.Addr+"/faults/pull:1"
			into := registrytest.NewBlobs()
			p.Inject(c.fault)
			_, err := r.Pull(t.Context(), ref, registry.PullOptions{}, into)
			if !errors.Is(err, c.kind) || c.kind == nil && err != nil {
				t.Errorf("the error is %v", err)
			}
			if c.kind != nil && into.Get(image.Digest) != nil {
				t.Error("the manifest is there without its blobs")
			}
			p.Heal()
			got, err := r.Pull(t.Context(), ref, registry.PullOptions{}, into)
			must(t, err)
			if got.Digest != image.Digest || into.Len() != 3 {
				t.Errorf("%d blobs of %s", into.Len(), got.Digest)
			}
		})
	}
}

// TestPullGoesOnAfterACut: what was fetched is not fetched again, also by the next process; and a part
// that is not of this blob does no harm.
func TestPullGoesOnAfterACut(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	from := registrytest.NewBlobs()
	layer := registrytest.Noise(4000, 1<<20)
	image := from.Image(t, 4, len(layer))
	p := registrytest.NewProxy(t, srv)
	c, ref := client(t, registry.Options{}), p.Addr+"/faults/resume:1"
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
	must(t, err)

	into := registrytest.NewBlobs()
	into.Part("slipway-pull-"+digest.FromBytes(layer).String(), layer[:900<<10])
	p.Inject(registrytest.Fault{Path: "/blobs/" + digest.FromBytes(layer).String(), CutResponse: 125 << 10})
	p.Requests()
	_, err = c.Pull(t.Context(), ref, registry.PullOptions{}, into)
	must(t, err)
	// 124 KiB are missing, less than where it is cut: one request is enough for the layer.
	if r := p.Requests(); len(r) != 3 {
		t.Errorf("it took %d requests: %q", len(r), r)
	}

	into = registrytest.NewBlobs()
	into.Part("slipway-pull-"+digest.FromBytes(layer).String(), registrytest.Noise(1, 900<<10))
	p.Heal()
	_, err = c.Pull(t.Context(), ref, registry.PullOptions{}, into)
	must(t, err)
}

// TestUploadGoesOnAfterACut: a registry that can resume gets each byte about once.
func TestUploadGoesOnAfterACut(t *testing.T) {
	t.Parallel()
	srv := registrytest.Resumable(t, registrytest.Start(t, registrytest.Config{}))
	p := registrytest.NewProxy(t, srv)
	from := registrytest.NewBlobs()
	image := from.Image(t, 5, 4<<20)
	p.Inject(registrytest.Fault{Method: "PATCH", CutRequest: 1 << 20, Times: 2})
	// A registry that is asked before it saw the cut has nothing yet: then all is sent anew, which is right, too.
	p.Inject(registrytest.Fault{Method: "GET", Path: "/blobs/uploads/", Times: 2, Before: func() { <-srv.Cut }})
	c, ref := client(t, registry.Options{}), p.Addr+"/faults/upload:1"
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
	must(t, err)
	var resumed, begun int
	for _, r := range p.Requests() {
		if strings.HasPrefix(r, "GET ") && strings.Contains(r, "/blobs/uploads/") {
			resumed++
		}
		if strings.HasPrefix(r, "POST ") {
			begun++
		}
	}
	if resumed != 2 || begun != 2 { // one of them for the configuration
		t.Errorf("%d uploads were begun and %d resumed", begun, resumed)
	}
	_, err = c.Pull(t.Context(), ref, registry.PullOptions{}, registrytest.NewBlobs())
	must(t, err)
}

// TestChecksNeverGuess: only 404 means "not there", and only a registry's own (TestNotFoundByNobody).
func TestChecksNeverGuess(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	from := registrytest.NewBlobs()
	image := from.Image(t, 6, 10)
	cases := []struct {
		name  string
		fault registrytest.Fault
		kind  error
		text  string
	}{
		{"500", registrytest.Fault{Status: 500}, registry.ErrServer, ""},
		{"502", registrytest.Fault{Status: 502}, registry.ErrServer, ""},
		{"cut", registrytest.Fault{CutRequest: -1}, registry.ErrUnreachable, "connection was cut"},
		{"401", registrytest.Fault{Status: 401}, registry.ErrUnauthorized, "hint: `slipway login "},
		{"403", registrytest.Fault{Status: 403}, registry.ErrUnauthorized, "hint: `slipway login "},
		{"429", registrytest.Fault{Status: 429, Header: map[string]string{"Retry-After": "600"}}, registry.ErrRateLimited, "wait 10m"},
		{"429 until", registrytest.Fault{Status: 429, Header: map[string]string{"Retry-After": time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}, registry.ErrRateLimited, ""},
		{"304 for nothing", registrytest.Fault{Status: 304}, registry.ErrRefused, ""},
		{"a redirect in circles", registrytest.Fault{Status: 307, Header: map[string]string{"Location": "/v2/faults/check/manifests/1"}}, registry.ErrRefused, "it redirects again and again"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, srv)
			r, ref := client(t, registry.Options{}), p.Addr+"/faults/check:1"
			_, err := r.Push(t.Context(), image, from, registry.PushOptions{}, ref)
			must(t, err)
			c.fault.Path = "/manifests/"
			p.Inject(c.fault)
			got, err := r.Digests(t.Context(), []string{ref, p.Addr + "/faults/check:2"})
			if !errors.Is(err, c.kind) || len(got) != 0 || !strings.Contains(err.Error(), p.Addr) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("found %v, error %v", got, err)
			}
			if _, hint := problem.Split(err); strings.HasPrefix(c.text, "hint: ") != (hint != "") {
				t.Errorf("the hint is %q", hint)
			}
		})
	}
}

// TestNotThere: nobody listens, or the name does not exist.
func TestNotThere(t *testing.T) {
	t.Parallel()
	r := client(t, registry.Options{})
	for _, host := range []string{"127.0.0.1:1", "registry.invalid"} {
		got, err := r.Digests(t.Context(), []string{host + "/a:1", host + "/b:1"})
		if !errors.Is(err, registry.ErrUnreachable) || len(got) != 0 || !strings.Contains(err.Error(), host) {
			t.Errorf("%s: found %v, error %v", host, got, err)
		}
	}
	// One registry that is not there does not hide what the other says.
	srv := registrytest.InMemory(t)
	from := registrytest.NewBlobs()
	image := from.Image(t, 8, 10)
	ref := srv.Addr + "/there/a:1"
	_, err := r.Push(t.Context(), image, from, registry.PushOptions{}, ref)
	must(t, err)
	got, err := r.Digests(t.Context(), []string{"127.0.0.1:1/a:1", ref})
	if !errors.Is(err, registry.ErrUnreachable) || got[ref] != digests.Manifest(image.Digest) {
		t.Errorf("found %v, error %v", got, err)
	}
}

// TestRateLimitIsObeyed: all requests wait, not only the one that was told to.
func TestRateLimitIsObeyed(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.InMemory(t))
	var mu sync.Mutex
	var until time.Time
	early := 0
	p.Inject(registrytest.Fault{Path: "/manifests/", Skip: 20, Times: 1, Status: 429, Header: map[string]string{"Retry-After": "1"},
		Before: func() { mu.Lock(); until = time.Now().Add(time.Second); mu.Unlock() }})
	p.Inject(registrytest.Fault{Path: "/manifests/", Before: func() {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().Before(until.Add(-50 * time.Millisecond)) {
			early++
		}
	}})
	r := client(t, registry.Options{Parallel: 2})
	var refs []string
	for i := range 60 {
		refs = append(refs, fmt.Sprintf("%s/limit/repo%d:1", p.Addr, i))
	}
	_, err := r.Look(t.Context(), platform, nil, refs)
	must(t, err)
	if until.IsZero() || time.Now().Before(until) {
		t.Error("the check ended before the registry wanted to be asked again")
	}
	if early > 2 { // those that were under way
		t.Errorf("%d requests came while the registry wanted to be left alone", early)
	}
	if n := len(p.Requests()); n > 63 { // the ping, and the one that was refused
		t.Errorf("it took %d requests", n)
	}
}

// TestCancel ends at once, and is recognizable.
func TestCancel(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.InMemory(t))
	p.Inject(registrytest.Fault{Path: "/manifests/", Delay: time.Second, Status: 500})
	r := client(t, registry.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := r.Digests(ctx, []string{p.Addr + "/a:1"})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 900*time.Millisecond {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

// TestKilledWhilePushing kills a process that publishes, again and again: each tag always names a whole
// image, and the next process finishes the work.
func TestKilledWhilePushing(t *testing.T) {
	const images, kills = 40, 8
	if addr := os.Getenv("SLIPWAY_TEST_PUSH_TO"); addr != "" {
		pushMany(t, addr, images)
		return
	}
	srv := registrytest.Start(t, registrytest.Config{})
	c := client(t, registry.Options{})
	var refs []string
	for i := range images {
		refs = append(refs, fmt.Sprintf("%s/killed/image%d:1", srv.Addr, i))
	}
	seen := 0
	for i := range kills {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhilePushing$")
		cmd.Env = append(os.Environ(), "SLIPWAY_TEST_PUSH_TO="+srv.Addr)
		must(t, cmd.Start())
		time.Sleep(time.Duration(120+60*i) * time.Millisecond)
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
		got, err := c.Digests(t.Context(), refs)
		must(t, err)
		seen = max(seen, len(got))
		for ref := range got {
			if _, err := c.Pull(t.Context(), ref, registry.PullOptions{}, registrytest.NewBlobs()); err != nil {
				t.Fatalf("after kill %d: %v", i, err)
			}
		}
	}
	if seen == 0 {
		t.Error("no kill came while tags were there: the test shows nothing")
	}
	pushMany(t, srv.Addr, images)
	got, err := c.Digests(t.Context(), refs)
	must(t, err)
	if len(got) != images {
		t.Errorf("%d of %d images are published", len(got), images)
	}
}

func pushMany(t *testing.T, addr string, images int) {
	c := client(t, registry.Options{})
	from := registrytest.NewBlobs()
	for i := range images {
		image := from.Image(t, uint64(10000+i), 10, 400<<10)
		_, err := c.Push(t.Context(), image, from, registry.PushOptions{},
			fmt.Sprintf("%s/killed/image%d:1", addr, i), fmt.Sprintf("%s/killed/image%d:latest", addr, i))
		must(t, err)
	}
}

// TestSharedBlobsAreSentOnce: images pushed side by side share their parent's layer.
func TestSharedBlobsAreSentOnce(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	p := registrytest.NewProxy(t, srv)
	c := client(t, registry.Options{})
	from := registrytest.NewBlobs()
	image := from.Image(t, 9, 2<<20)
	errs := make(chan error, 6)
	for i := range cap(errs) {
		go func() {
			_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, fmt.Sprintf("%s/shared/image%d:1", p.Addr, i))
			errs <- err
		}()
	}
	for range cap(errs) {
		must(t, <-errs)
	}
	patches := slices.DeleteFunc(p.Requests(), func(r string) bool { return !strings.HasPrefix(r, "PATCH ") })
	if len(patches) != 1 {
		t.Errorf("the layer was sent %d times", len(patches))
	}
}
