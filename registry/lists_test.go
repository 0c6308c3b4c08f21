package registry_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/slipway-build/slipway/registry"
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
