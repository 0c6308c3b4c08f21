package registry_test

import (
	"bytes"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestContainerdsStore: the store that Slipway has, after transfers that were cut and one whose part is
// of something else.
func TestContainerdsStore(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Config{}))
	c, from := client(t, registry.Options{}), registrytest.NewBlobs()
	image, ref := from.Index(t, 1, 1<<20), p.Addr+"/a/b:1"
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
	must(t, err)

	store, err := local.NewStore(t.TempDir())
	must(t, err)
	layer := registrytest.Noise(10*1000, 1<<20)
	if from.Get(digest.FromBytes(layer)) == nil {
		t.Fatal("the layer is another one: the test shows nothing")
	}
	w, err := store.Writer(t.Context(), content.WithRef("slipway-pull-"+digest.FromBytes(layer).String()))
	must(t, err)
	_, err = w.Write(bytes.Repeat([]byte("x"), 300<<10))
	must(t, err)
	must(t, w.Close())
	p.Inject(registrytest.Fault{Method: "GET", Path: "/blobs/", CutResponse: 400 << 10, Times: 2})
	got, err := c.Pull(t.Context(), ref, registry.PullOptions{}, store)
	must(t, err)
	if got.Digest != image.Digest {
		t.Errorf("pulled %s", got.Digest)
	}
	n := 0
	must(t, store.Walk(t.Context(), func(i content.Info) error {
		n++
		data, err := content.ReadBlob(t.Context(), store, got)
		if err != nil || len(data) == 0 || from.Get(i.Digest) == nil {
			t.Errorf("%s: %v", i.Digest, err)
		}
		return nil
	}))
	if n != from.Len() {
		t.Errorf("the store has %d blobs of %d", n, from.Len())
	}
	// And back, from that store.
	_, err = c.Push(t.Context(), got, store, registry.PushOptions{}, p.Addr+"/c/d:1")
	must(t, err)
	is(t, c, p.Addr+"/c/d:1", image.Digest)
}
