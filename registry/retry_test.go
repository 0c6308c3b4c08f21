package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestAttemptsAreCountedOnce: what is resumed is not also repeated inside.
func TestAttemptsAreCountedOnce(t *testing.T) {
	t.Parallel()
	srv := registrytest.InMemory(t)
	from := registrytest.NewBlobs()
	image := from.Image(t, 1, 700<<10)
	_, err := client(t, registry.Options{}).Push(t.Context(), image, from, registry.PushOptions{}, srv.Addr+"/there/image:1")
	must(t, err)
	limited := map[string]string{"Retry-After": "1"}
	cases := []struct {
		name  string
		fault registrytest.Fault
		pull  bool
		kind  error
		asked int64
	}{
		{"POST", registrytest.Fault{Method: "POST", Status: 500}, false, registry.ErrServer, 4},
		{"PUT", registrytest.Fault{Method: "PUT", Path: "/blobs/", Status: 503}, false, registry.ErrServer, 4},
		{"blob", registrytest.Fault{Method: "GET", Path: "/blobs/", Status: 503}, true, registry.ErrServer, 4},
		{"manifest", registrytest.Fault{Method: "GET", Path: "/manifests/", Status: 503}, true, registry.ErrServer, 4},
		{"a server that is down behind its proxy", registrytest.Fault{Method: "GET", Path: "/manifests/", Status: 521}, true, registry.ErrServer, 4},
		{"manifest that is cut", registrytest.Fault{Method: "GET", Path: "/manifests/", CutResponse: 10}, true, registry.ErrUnreachable, 4},
		// Two pauses of a second are within the patience.
		{"429 for a POST", registrytest.Fault{Method: "POST", Status: 429, Header: limited}, false, registry.ErrRateLimited, 3},
		{"429 for a blob", registrytest.Fault{Method: "GET", Path: "/blobs/", Status: 429, Header: limited}, true, registry.ErrRateLimited, 3},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, srv)
			var asked atomic.Int64
			c.fault.Before = func() { asked.Add(1) }
			p.Inject(c.fault)
			retry := quick
			retry.Patience = 2700 * time.Millisecond
			r := client(t, registry.Options{Transfers: 1, Retry: retry})
			var err error
			if c.pull {
				_, err = r.Pull(t.Context(), p.Addr+"/there/image:1", registry.PullOptions{}, registrytest.NewBlobs())
			} else {
				from := registrytest.NewBlobs()
				image := from.Image(t, uint64(10+i), 700<<10)
				_, err = r.Push(t.Context(), image, from, registry.PushOptions{}, fmt.Sprintf("%s/counted/image%d:1", p.Addr, i))
			}
			if !errors.Is(err, c.kind) {
				t.Errorf("the error is %v", err)
			}
			// Of a push, another blob may have been begun before the error of the first was known.
			if n := asked.Load(); n < c.asked || n >= 2*c.asked || c.pull && n != c.asked {
				t.Errorf("it was asked %d times instead of %d", n, c.asked)
			}
		})
	}
}

// TestSiblingInDoubt: a fault that passes is no reason to send what could be mounted.
func TestSiblingInDoubt(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Config{}))
	from := registrytest.NewBlobs()
	image := from.Image(t, 1, 700<<10)
	_, err := client(t, registry.Options{}).Push(t.Context(), image, from, registry.PushOptions{}, p.Addr+"/there/parent:1")
	must(t, err)
	o := registry.PushOptions{Siblings: []string{p.Addr + "/there/parent"}}
	for i, times := range []int{1, 0} {
		p.Heal()
		p.Inject(registrytest.Fault{Method: http.MethodHead, Path: "/there/parent/blobs/", Status: 500, Times: times})
		done, err := client(t, registry.Options{Transfers: 1}).Push(t.Context(), image, from, o, fmt.Sprintf("%s/there/child%d:1", p.Addr, i))
		if err != nil || times == 1 && done.Mounted != 2 || times == 0 && done.Sent != 2 {
			t.Errorf("500 so often (0: always): %d: %+v, %v", times, done, err)
		}
	}
	if !strings.Contains(strings.Join(p.Requests(), "\n"), "HEAD /v2/there/parent/blobs/") {
		t.Error("the sibling was not asked: the test shows nothing")
	}
}
