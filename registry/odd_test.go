package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// odd serves a registry that does everything its own way.
func odd(t *testing.T, h http.HandlerFunc) (addr string, requests func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		n++
		mu.Unlock()
		if req.URL.Path != "/v2/" {
			h(w, req)
		}
	}))
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://"), func() int { mu.Lock(); defer mu.Unlock(); return n }
}

// TestPagesOfTags: a list in pages, with an address of its own in the Link header.
func TestPagesOfTags(t *testing.T) {
	t.Parallel()
	addr, requests := odd(t, func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodHead {
			w.Header().Set("Docker-Content-Digest", wrong)
			return
		}
		switch req.URL.Query().Get("last") {
		case "":
			w.Header().Set("Link", `<http://inside.invalid/v2/a/b/tags/list?last=two>; rel="next"`)
			fmt.Fprint(w, `{"tags":["two","one"]}`)
		case "two":
			w.Header().Set("Link", `</v2/a/b/tags/list?last=three>; rel=next`)
			fmt.Fprint(w, `{"tags":["three"]}`)
		default:
			fmt.Fprint(w, `{"tags":null}`)
		}
	})
	c := client(t, registry.Options{})
	tags, err := c.Tags(t.Context(), addr+"/a/b")
	if err != nil || !slices.Equal(tags, []string{"one", "three", "two"}) {
		t.Errorf("%q %v", tags, err)
	}
	// A list of several pages is no reason to say "not there".
	before := requests()
	var refs []string
	for i := range 9 {
		refs = append(refs, fmt.Sprintf("%s/a/b:%d", addr, i))
	}
	got, err := c.Digests(t.Context(), refs)
	if err != nil || len(got) != 9 || requests()-before != 10 {
		t.Errorf("%d found with %d requests: %v", len(got), requests()-before, err)
	}
}

// TestNoDigestHeader: the header is optional; then the manifest itself tells.
func TestNoDigestHeader(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.InMemory(t))
	p.Inject(registrytest.Fault{Header: map[string]string{"Docker-Content-Digest": ""}})
	c, from := client(t, registry.Options{}), registrytest.NewBlobs()
	image, ref := from.Image(t, 1, 10), p.Addr+"/a/b:1"
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
	must(t, err)
	is(t, c, ref, image.Digest)
}

func TestNoRegistry(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	addr := strings.TrimPrefix(srv.URL, "http://")
	got, err := client(t, registry.Options{}).Digests(t.Context(), []string{addr + "/a:1"})
	if !errors.Is(err, registry.ErrRefused) || len(got) != 0 {
		t.Errorf("a web server that is no registry: %v %v", got, err)
	}
}

// TestOtherManifests: what is no image is there all the same.
func TestOtherManifests(t *testing.T) {
	t.Parallel()
	for kind, body := range map[string]string{
		"application/vnd.oci.artifact.manifest.v1+json":        `{"mediaType":"application/vnd.oci.artifact.manifest.v1+json"}`,
		"application/vnd.docker.distribution.manifest.v1+json": `{"schemaVersion":1,"fsLayers":[]}`,
		"application/json": `{"schemaVersion":2,"config":{}}`,
		"application/vnd.oci.image.index.v1+json; charset=utf-8": `{"schemaVersion":2,"manifests":[]}`,
	} {
		addr, _ := odd(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		})
		ref := addr + "/a/b:1"
		got, err := client(t, registry.Options{}).Look(t.Context(), platform, []string{"a"}, []string{ref})
		must(t, err)
		if diff := cmp.Diff(map[string]registry.Published{ref: {Digest: digests.Manifest(digest.FromString(body).String())}}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", kind, diff)
		}
	}
}

// TestTryingTogether: many who want a registry that is not there do not wait one after the other.
func TestTryingTogether(t *testing.T) {
	t.Parallel()
	c := client(t, registry.Options{Retry: registry.Retry{Attempts: 3, First: 100 * time.Millisecond}})
	began := time.Now()
	errs := make(chan error, 20)
	for range cap(errs) {
		go func() { _, err := c.Tags(t.Context(), "127.0.0.1:1/a/b"); errs <- err }()
	}
	for range cap(errs) {
		if err := <-errs; !errors.Is(err, registry.ErrUnreachable) {
			t.Error(err)
		}
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("it took %v", d)
	}
}

// TestInsecureNetworks: Docker's list may hold networks. Nobody answers at that address; what tells is
// whether plain HTTP was tried, through a proxy.
func TestInsecureNetworks(t *testing.T) {
	t.Parallel()
	for entry, plain := range map[string]bool{"192.0.2.0/24": true, "192.0.2.7:5000": true, "192.0.2.7": false, "198.51.100.0/24": false} {
		f := registrytest.StartForward(t, &registrytest.Forward{Status: 502})
		c := client(t, registry.Options{Insecure: []string{entry}, HTTPProxy: "http://" + f.Addr})
		if _, err := c.Tags(t.Context(), "192.0.2.7:5000/a/b"); err == nil {
			t.Error("nobody answered, and it went well")
		}
		got := slices.ContainsFunc(f.Requests(), func(r string) bool { return strings.HasPrefix(r, "GET ") })
		if got != plain {
			t.Errorf("%s: plain HTTP was tried: %v", entry, got)
		}
	}
}

// TestHugeAnswers are not read to their end.
func TestHugeAnswers(t *testing.T) {
	t.Parallel()
	chunk := strings.Repeat("x", 1<<20)
	addr, _ := odd(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		for range 200 {
			if _, err := fmt.Fprint(w, chunk); err != nil {
				return
			}
		}
		t.Error("200 MB were read")
	})
	c := client(t, registry.Options{})
	_, err1 := c.Tags(t.Context(), addr+"/a/b")
	_, err2 := c.Inspect(t.Context(), addr+"/a/b:1")
	_, err3 := c.Pull(t.Context(), addr+"/a/b:1", registry.PullOptions{}, registrytest.NewBlobs())
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, registry.ErrRefused) {
			t.Error(err)
		}
	}
}
