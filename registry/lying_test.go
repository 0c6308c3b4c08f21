package registry_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestMoreThanWasSent: a registry that says it has what it was never sent gets all of it again.
func TestMoreThanWasSent(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"0-900000", "bytes=0-1048575"} {
		p := registrytest.NewProxy(t, registrytest.Resumable(t, registrytest.InMemory(t)))
		from := registrytest.NewBlobs()
		image := from.Image(t, 11, 1<<20)
		p.Inject(registrytest.Fault{Method: "PATCH", CutRequest: -1, Times: 1})
		p.Inject(registrytest.Fault{Method: "GET", Path: "/blobs/uploads/", Header: map[string]string{"Range": said}})
		c, ref := client(t, registry.Options{}), p.Addr+"/faults/upload:1"
		_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
		must(t, err)
		asked := slices.ContainsFunc(p.Requests(), func(r string) bool {
			return strings.HasPrefix(r, "GET ") && strings.Contains(r, "/blobs/uploads/")
		})
		if !asked {
			t.Error("the registry was not asked what it has: the test shows nothing")
		}
		_, err = c.Pull(t.Context(), ref, registry.PullOptions{}, registrytest.NewBlobs())
		must(t, err)
	}
}

// TestFarFuture: who shall come back in years is told so, and asks once.
func TestFarFuture(t *testing.T) {
	t.Parallel()
	for after, text := range map[string]string{
		"Fri, 31 Dec 9999 23:59:59 GMT": "wait 12427 days",
		"Tue, 01 Jan 2999 00:00:00 GMT": "wait 12427 days",
		"99999999999":                   "wait 12427 days",
		"99999999999999999999999":       "wait 12427 days",
		"604800":                        "wait 7 days",
		"5400":                          "wait 1h30m0s",
	} {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			addr, requests := odd(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", after)
				w.WriteHeader(status)
			})
			_, err := client(t, registry.Options{}).Tags(t.Context(), addr+"/a/b")
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%d, %s: %v", status, after, err)
			}
			if n := requests(); n != 2 { // the ping is one
				t.Errorf("%d, %s: %d requests", status, after, n)
			}
		}
	}
}

// TestRedirectedWrites: 301, 302 and 303 make a GET of every write. What it answers says nothing of it.
func TestRedirectedWrites(t *testing.T) {
	t.Parallel()
	srv := registrytest.InMemory(t)
	from := registrytest.NewBlobs()
	for i, f := range []registrytest.Fault{
		{Method: "PUT", Path: "/manifests/", Status: 301},
		{Method: "PUT", Path: "/manifests/new", Status: 302},
		{Method: "PUT", Path: "/blobs/", Status: 303},
		{Method: "DELETE", Status: 302},
	} {
		p := registrytest.NewProxy(t, srv)
		c, ref := client(t, registry.Options{}), p.Addr+"/redirected/image:new"
		old, fresh := from.Image(t, uint64(i), 10), from.Image(t, uint64(10+i), 10)
		_, err := c.Push(t.Context(), old, from, registry.PushOptions{}, ref)
		must(t, err)
		f.Header = map[string]string{"Location": "/v2/"} // there is always something there
		p.Inject(f)
		if f.Method == "DELETE" {
			err = c.Delete(t.Context(), ref)
		} else {
			_, err = c.Push(t.Context(), fresh, from, registry.PushOptions{}, ref)
		}
		if !errors.Is(err, registry.ErrRefused) || registry.Transient(err) || !strings.Contains(err.Error(), "redirects a "+f.Method) {
			t.Errorf("%s with %d: %v", f.Method, f.Status, err)
		}
		is(t, c, ref, old.Digest)
	}
}
