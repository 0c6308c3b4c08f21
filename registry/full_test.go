package registry_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestAfterAFullDisk: docker-registry leaves records of blobs and manifests empty when its disk is full,
// and fails with 500 to look at them ever after. The next push mends them.
func TestAfterAFullDisk(t *testing.T) {
	t.Parallel()
	before := registrytest.Start(t, registrytest.Config{})
	from := registrytest.NewBlobs()
	image := from.Image(t, 11, 10, 600<<10)
	c := client(t, registry.Options{})
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, before.Addr+"/full/image:1")
	must(t, err)
	spoilt := 0
	must(t, filepath.WalkDir(filepath.Join(before.Root, "docker/registry/v2/repositories/full/image"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "link" && (strings.Contains(path, "_layers") || strings.Contains(path, "revisions")) {
			spoilt++
			return os.Truncate(path, 0)
		}
		return err
	}))
	if spoilt != 4 {
		t.Fatalf("%d records are spoilt", spoilt)
	}
	// Another process: the first remembers what it has written.
	srv := registrytest.Start(t, registrytest.Config{Root: before.Root})
	ref := srv.Addr + "/full/image:2"
	if _, err := c.Pull(t.Context(), srv.Addr+"/full/image:1", registry.PullOptions{}, registrytest.NewBlobs()); !errors.Is(err, registry.ErrServer) {
		t.Fatalf("the registry is not spoilt: %v", err)
	}
	_, err = c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
	must(t, err)
	for _, ref := range []string{ref, srv.Addr + "/full/image:1"} {
		_, err = c.Pull(t.Context(), ref, registry.PullOptions{}, registrytest.NewBlobs())
		must(t, err)
	}
}

// TestFullInNumbers: where docker-registry's file driver does not say it in words.
func TestFullInNumbers(t *testing.T) {
	t.Parallel()
	srv := registrytest.InMemory(t)
	for body, kind := range map[string]error{
		`{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"DriverName":"filesystem","Enclosed":{"Op":"write","Path":"/data/startedat","Err":28}}}]}`: registry.ErrFull,
		`{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"DriverName":"filesystem","Enclosed":{"Op":"open","Path":"/data/startedat","Err":13}}}]}`:  registry.ErrServer,
	} {
		p := registrytest.NewProxy(t, srv)
		p.Inject(registrytest.Fault{Method: "POST", Status: 500, Body: body})
		from := registrytest.NewBlobs()
		_, err := client(t, registry.Options{}).Push(t.Context(), from.Image(t, 12, 10), from, registry.PushOptions{}, p.Addr+"/full/number:1")
		if !errors.Is(err, kind) {
			t.Errorf("%s: %v", body, err)
		}
		if posts := len(p.Requests()); kind == registry.ErrFull && posts > 10 {
			t.Errorf("a full disk was tried again: %d requests", posts)
		}
	}
}

// TestErrorsNameTheImage: with several tags, the last is the image's own.
func TestErrorsNameTheImage(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.InMemory(t))
	p.Inject(registrytest.Fault{Method: "POST", Status: 403})
	from := registrytest.NewBlobs()
	_, err := client(t, registry.Options{}).Push(t.Context(), from.Image(t, 13, 10), from, registry.PushOptions{}, p.Addr+"/a/b:latest", p.Addr+"/a/b:2")
	if err == nil || !strings.HasPrefix(err.Error(), "cannot push "+p.Addr+"/a/b:2: ") {
		t.Errorf("the error is %v", err)
	}
}
