package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// testPublished: the tags of many repositories, and what they name: an index's parts, however deep.
func testPublished(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx, from := t.Context(), registrytest.NewBlobs()
	image, index := from.Image(t, 300, 10), from.Index(t, 301, 10)
	var parts ocispecs.Index
	must(t, json.Unmarshal(from.Get(index.Digest), &parts))
	want := registry.Tagged{Digest: digests.Manifest(index.Digest)}
	for _, m := range parts.Manifests {
		want.Parts = append(want.Parts, digests.Manifest(m.Digest))
	}
	nested, err := json.Marshal(ocispecs.Index{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex, Manifests: []ocispecs.Descriptor{image, index},
	})
	must(t, err)
	outer := from.Add(ocispecs.MediaTypeImageIndex, nested)
	one, two := srv.Addr+"/fleet/one", srv.Addr+"/fleet/two"
	for ref, d := range map[string]ocispecs.Descriptor{one + ":image": image, one + ":index": index, two + ":nested": outer} {
		_, err := c.Push(ctx, d, from, registry.PushOptions{}, ref)
		must(t, err)
	}

	lists, err := c.TagLists(ctx, []string{one, two, srv.Addr + "/fleet/none"})
	must(t, err)
	if diff := cmp.Diff(map[string][]string{one: {"image", "index"}, two: {"nested"}}, lists); diff != "" {
		t.Errorf("lists (-want +got)\n%s", diff)
	}
	got, err := c.Tagged(ctx, []string{one + ":image", one + ":index", two + ":nested", two + ":none", srv.Addr + "/fleet/none:1"})
	must(t, err)
	if diff := cmp.Diff(map[string]registry.Tagged{
		one + ":image": {Digest: digests.Manifest(image.Digest)}, one + ":index": want,
		two + ":nested": {Digest: digests.Manifest(outer.Digest), Parts: slices.Concat([]digests.Manifest{digests.Manifest(image.Digest), digests.Manifest(index.Digest)}, want.Parts)},
	}, got); diff != "" {
		t.Errorf("tags (-want +got)\n%s", diff)
	}
}

// TestPublishedOfServers runs the suite's part about published images.
func TestPublishedOfServers(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			srv, o := s.start(t)
			testPublished(t, srv, client(t, o))
		})
	}
}

// TestPublishedFaults: whatever is not a clear "not there" is an error.
func TestPublishedFaults(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	from := registrytest.NewBlobs()
	setup := client(t, registry.Options{})
	var repositories, refs []string
	for i := range 20 {
		name := fmt.Sprintf("/fleet/f%d", i)
		_, err := setup.Push(t.Context(), from.Image(t, uint64(400+i), 10), from, registry.PushOptions{}, srv.Addr+name+":1")
		must(t, err)
		repositories, refs = append(repositories, name), append(refs, name+":1")
	}
	for _, tt := range []struct {
		name  string
		fault registrytest.Fault
		kind  error // nil: it works
	}{
		{"none", registrytest.Fault{Path: "/nowhere"}, nil},
		{"500 twice", registrytest.Fault{Path: "/f7/", Status: 500, Times: 2}, nil},
		{"500", registrytest.Fault{Path: "/f7/", Status: 500}, registry.ErrServer},
		{"403", registrytest.Fault{Path: "/f7/", Status: 403}, registry.ErrUnauthorized},
		{"cut", registrytest.Fault{Path: "/f7/", CutRequest: -1}, registry.ErrUnreachable},
		{"429", registrytest.Fault{Path: "/f7/", Status: 429, Header: map[string]string{"Retry-After": "3600"}}, registry.ErrRateLimited},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := registrytest.NewProxy(t, srv)
			c := client(t, registry.Options{})
			at := func(names []string) (out []string) {
				for _, n := range names {
					out = append(out, p.Addr+n)
				}
				return out
			}
			p.Inject(tt.fault)
			lists, err := c.TagLists(t.Context(), at(repositories))
			if !errors.Is(err, tt.kind) || err == nil && len(lists) != 20 || err != nil && !strings.Contains(err.Error(), "/fleet/f7") {
				t.Errorf("%d lists, %v", len(lists), err)
			}
			tagged, err := c.Tagged(t.Context(), at(refs))
			if !errors.Is(err, tt.kind) || err == nil && len(tagged) != 20 || err != nil && !strings.Contains(err.Error(), "/fleet/f7:1") {
				t.Errorf("%d tags, %v", len(tagged), err)
			}
			if n := len(p.Requests()); tt.name == "none" && n > 42 {
				t.Errorf("%d requests for 20 lists and 20 tags", n)
			}
		})
	}
	c := client(t, registry.Options{})
	if _, err := c.TagLists(t.Context(), []string{"127.0.0.1:1/x"}); !errors.Is(err, registry.ErrUnreachable) {
		t.Errorf("a registry that is not there: %v", err)
	}
	if _, err := c.Tagged(t.Context(), []string{"Not A Name"}); err == nil {
		t.Error("a name that is none was asked for")
	}
}
