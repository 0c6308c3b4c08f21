package registry_test

import (
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
