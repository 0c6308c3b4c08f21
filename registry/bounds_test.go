package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// serving answers with blobs and manifests by digest, and with one of them for every tag.
func serving(from *registrytest.Blobs, root ocispecs.Descriptor) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		data := from.Get(digest.Digest(path.Base(req.URL.Path)))
		if data == nil {
			data = from.Get(root.Digest)
		}
		_, _ = w.Write(data)
	}
}

func addJSON(t *testing.T, to *registrytest.Blobs, mediaType string, v any) ocispecs.Descriptor {
	t.Helper()
	data, err := json.Marshal(v)
	must(t, err)
	return to.Add(mediaType, data)
}

// index of the manifests, each for linux/amd64.
func indexOf(t *testing.T, to *registrytest.Blobs, list ...ocispecs.Descriptor) ocispecs.Descriptor {
	t.Helper()
	for i := range list {
		list[i].Platform = &ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	}
	return addJSON(t, to, ocispecs.MediaTypeImageIndex,
		ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex, Manifests: list})
}

func imageOf(t *testing.T, to *registrytest.Blobs, config ocispecs.Descriptor, note string) ocispecs.Descriptor {
	t.Helper()
	return addJSON(t, to, ocispecs.MediaTypeImageManifest, ocispecs.Manifest{Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispecs.MediaTypeImageManifest, Config: config, Layers: []ocispecs.Descriptor{config}, Annotations: map[string]string{"note": note}})
}

func configOf(t *testing.T, to *registrytest.Blobs) ocispecs.Descriptor {
	t.Helper()
	return addJSON(t, to, ocispecs.MediaTypeImageConfig, ocispecs.Image{Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"}})
}

// TestManyLargeManifests: each is within its bound, and all together are too many.
func TestManyLargeManifests(t *testing.T) {
	t.Parallel()
	from, filler := registrytest.NewBlobs(), strings.Repeat("x", 3<<20)
	config := configOf(t, from)
	var list []ocispecs.Descriptor
	for i := range 30 {
		list = append(list, imageOf(t, from, config, fmt.Sprint(i, filler)))
	}
	addr, requests := odd(t, serving(from, indexOf(t, from, list...)))
	c := client(t, registry.Options{})
	_, err1 := c.Inspect(t.Context(), addr+"/a/b:1")
	if n := requests(); n > 2+2*22 { // a manifest and a configuration each
		t.Errorf("%d requests to inspect it", n)
	}
	before := requests()
	_, err2 := c.Pull(t.Context(), addr+"/a/b:1", registry.PullOptions{}, registrytest.NewBlobs())
	if n := requests() - before; n > 1+22 {
		t.Errorf("%d requests to pull it", n)
	}
	for _, err := range []error{err1, err2} {
		if !errors.Is(err, registry.ErrRefused) || !strings.Contains(err.Error(), "longer than 67108864 bytes in all") {
			t.Error(err)
		}
	}
}

// TestOneManifestManyTimes is fetched once.
func TestOneManifestManyTimes(t *testing.T) {
	t.Parallel()
	from := registrytest.NewBlobs()
	image := imageOf(t, from, configOf(t, from), "")
	list := make([]ocispecs.Descriptor, 900)
	for i := range list {
		list[i] = image
	}
	addr, requests := odd(t, serving(from, indexOf(t, from, list...)))
	c := client(t, registry.Options{})
	got, err := c.Inspect(t.Context(), addr+"/a/b:1")
	if err != nil || len(got.Images) != 1 || requests() != 4 { // ping, index, manifest, configuration
		t.Errorf("inspect: %d images, %d requests, %v", len(got.Images), requests(), err)
	}
	before := requests()
	into := registrytest.NewBlobs()
	_, err = c.Pull(t.Context(), addr+"/a/b:1", registry.PullOptions{}, into)
	if err != nil || into.Len() != 3 || requests()-before != 3 {
		t.Errorf("pull: %d blobs, %d requests, %v", into.Len(), requests()-before, err)
	}
}

// TestDigestsThatAreNone never become a part of an address.
func TestDigestsThatAreNone(t *testing.T) {
	t.Parallel()
	from := registrytest.NewBlobs()
	config := configOf(t, from)
	bad := config
	bad.Digest = "../../../v2/secret/manifests/1"
	badImage := imageOf(t, from, config, "")
	badImage.Digest = bad.Digest
	for name, root := range map[string]ocispecs.Descriptor{
		"configuration":             imageOf(t, from, bad, ""),
		"configuration in an index": indexOf(t, from, imageOf(t, from, bad, "")),
		"manifest":                  indexOf(t, from, badImage),
	} {
		var strange atomic.Bool
		serve := serving(from, root)
		addr, _ := odd(t, func(w http.ResponseWriter, req *http.Request) {
			if strings.Contains(req.RequestURI, "secret") {
				strange.Store(true)
			}
			serve(w, req)
		})
		c := client(t, registry.Options{})
		_, err1 := c.Inspect(t.Context(), addr+"/a/b:1")
		_, err2 := c.Pull(t.Context(), addr+"/a/b:1", registry.PullOptions{}, registrytest.NewBlobs())
		for _, err := range []error{err1, err2} {
			if !errors.Is(err, registry.ErrRefused) || !strings.Contains(err.Error(), "which is no digest") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if strange.Load() {
			t.Errorf("%s: it was asked for", name)
		}
	}
}

// TestTagsWithoutEnd: each page is within its bound, and there is always a next one.
func TestTagsWithoutEnd(t *testing.T) {
	t.Parallel()
	page := `{"tags":["` + strings.Repeat("x", 15<<20) + `"]}`
	addr, requests := odd(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Link", fmt.Sprintf(`<%s&last=x>; rel="next"`, req.URL.RequestURI()))
		fmt.Fprint(w, page)
	})
	_, err := client(t, registry.Options{}).Tags(t.Context(), addr+"/a/b")
	if !errors.Is(err, registry.ErrRefused) || !strings.Contains(err.Error(), "its tag list is longer than") || requests() > 6 {
		t.Errorf("%d requests, %v", requests(), err)
	}
}

// TestTokenWithoutEnd: what a token server says is not read to its end.
func TestTokenWithoutEnd(t *testing.T) {
	t.Parallel()
	chunk := strings.Repeat("x", 1<<20)
	for name, login := range map[string]keys{"basic": {Username: "me", Password: password}, "identity": {IdentityToken: password}} {
		var sent atomic.Int32
		server, asked := stranger(t, false, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"token":"`)
			for range 100 {
				if _, err := fmt.Fprint(w, chunk); err != nil {
					return
				}
				sent.Add(1)
			}
		})
		url, _ := stranger(t, false, wants(server, giveTags))
		_, err := client(t, registry.Options{Keychain: login}).Tags(t.Context(), strings.TrimPrefix(url, "http://")+"/a/b")
		if !errors.Is(err, registry.ErrRefused) || registry.Transient(err) || !strings.Contains(err.Error(), "longer than 1048576 bytes") {
			t.Errorf("%s: %v", name, err)
		}
		if sent.Load() == 100 || asked.Load() != 1 {
			t.Errorf("%s: %d MiB were read, in %d requests", name, sent.Load(), asked.Load())
		}
	}
}
