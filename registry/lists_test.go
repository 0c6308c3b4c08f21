package registry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestFullPagesOfTags: a list that is as long as a page may go on, although nothing says so. Nexus cut
// the lists of its groups (sonatype/nexus-public issue 117).
func TestFullPagesOfTags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tags                int
		pages               bool // the server knows n and last
		asked, askedByCheck int
	}{{999, true, 1, 1}, {1000, true, 2, 10}, {2500, true, 3, 10}, {999, false, 1, 1}, {1000, false, 2, 10}, {2500, false, 1, 1}} {
		var all []string
		for i := range c.tags {
			all = append(all, fmt.Sprintf("v%05d", i))
		}
		addr, requests := odd(t, func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodHead {
				w.Header().Set("Docker-Content-Digest", wrong)
				return
			}
			list := all
			if c.pages {
				n, err := strconv.Atoi(req.URL.Query().Get("n"))
				if err != nil {
					t.Error(err)
				}
				from, there := slices.BinarySearch(all, req.URL.Query().Get("last"))
				if there {
					from++
				}
				list = all[from:min(from+n, len(all))]
			}
			must(t, json.NewEncoder(w).Encode(map[string]any{"name": "a/b", "tags": list}))
		})
		r := client(t, registry.Options{})
		tags, err := r.Tags(t.Context(), addr+"/a/b")
		if n := requests() - 1; err != nil || !slices.Equal(tags, all) || n != c.asked {
			t.Errorf("%+v: %d tags with %d requests: %v", c, len(tags), n, err)
		}
		before := requests()
		var refs []string
		for i := range 9 {
			refs = append(refs, fmt.Sprintf("%s/a/b:w%d", addr, i)) // behind all that are listed
		}
		_, err = r.Digests(t.Context(), refs)
		if n := requests() - before; err != nil || n != c.askedByCheck {
			t.Errorf("%+v: a check took %d requests: %v", c, n, err)
		}
	}
}

// TestOldLists: a list may be older than what was seen. What is remembered is asked for itself.
func TestOldLists(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Config{}))
	m := &memory{entries: map[string]registry.Remembered{}}
	c, from := client(t, registry.Options{Memory: m}), registrytest.NewBlobs()
	repo := p.Addr + "/lists/old"
	image := from.Image(t, 330, 10)
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, repo+":seen", repo+":listed")
	must(t, err)
	p.Inject(registrytest.Fault{Path: "/tags/list", Status: 200, Body: `{"name":"lists/old","tags":["listed"]}`})
	refs := []string{repo + ":seen", repo + ":listed"}
	for i := range 9 {
		refs = append(refs, fmt.Sprintf("%s:none%d", repo, i))
	}
	for _, check := range checks {
		_, err = c.Digests(t.Context(), refs[:1])
		must(t, err)
		p.Requests()
		found, err := check.run(t.Context(), c, refs)
		asked := slices.DeleteFunc(p.Requests(), func(r string) bool { return !strings.Contains(r, "/manifests/") })
		if err != nil || found != 2 || len(asked) != 2 || len(m.entries) != 2 {
			t.Errorf("%s: %d found with %q, remembered %v: %v", check.name, found, asked, m.entries, err)
		}
		clear(m.entries)
	}
}

// TestTwoChanges: what a check sees between two changes of the same tag is not remembered when the
// second is under way.
func TestTwoChanges(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Config{}))
	m := &memory{entries: map[string]registry.Remembered{}}
	c, from := client(t, registry.Options{Memory: m, Fresh: time.Hour}), registrytest.NewBlobs()
	one, two := from.Image(t, 340, 10), from.Image(t, 341, 10)
	ref := p.Addr + "/changes/image:1"
	p.Inject(registrytest.Fault{Method: "PUT", Path: "/manifests/1", Times: 1, Before: func() {
		// The second push is about to move the tag; the first does it now, and ends.
		_, err := c.Push(t.Context(), one, from, registry.PushOptions{}, ref)
		if err != nil {
			t.Error(err)
		}
		is(t, c, ref, one.Digest)
	}})
	_, err := c.Push(t.Context(), two, from, registry.PushOptions{}, ref)
	must(t, err)
	is(t, c, ref, two.Digest)
}
