package registry

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/ref"
)

// maxDepth is how deep indexes may be in indexes.
const maxDepth = 4

// Tagged is what a tag names.
type Tagged struct {
	Digest digests.Manifest
	Parts  []digests.Manifest // of all that an index holds, however deep; it breaks when one is deleted
}

// TagLists lists the tags of several repositories, several at a time. A repository that does not exist
// has no entry; everything else is an error, and the first one ends the work.
func (c *Client) TagLists(ctx context.Context, repositories []string) (map[string][]string, error) {
	places := make(map[string]place, len(repositories))
	for _, name := range repositories {
		r, err := ref.ParseRepository(name)
		if err != nil {
			return nil, err
		}
		places[name] = place{r}
	}
	var mu sync.Mutex
	lists := map[string][]string{}
	err := c.each(ctx, "list tags of", places, func(ctx context.Context, h *host, name string, p place) error {
		tags, _, err := h.tags(ctx, p, maxTagPages)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		lists[name] = tags
		return err
	})
	return lists, err
}

// Tagged asks what tags name, several at a time: one request each, and those for the content of
// indexes. A reference that is not there has no entry; everything else is an error, and the first one
// ends the work. The answers are never remembered ones. References are the keys as they were given.
func (c *Client) Tagged(ctx context.Context, refs []string) (map[string]Tagged, error) {
	places := make(map[string]place, len(refs))
	for _, ref := range refs {
		p, err := parse(ref)
		if err != nil {
			return nil, err
		}
		places[ref] = p
	}
	var mu sync.Mutex
	found := map[string]Tagged{}
	err := c.each(ctx, "check", places, func(ctx context.Context, h *host, ref string, p place) error {
		t, err := h.tagged(ctx, p)
		if err != nil || t.Digest == "" {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		found[ref] = t
		return nil
	})
	return found, err
}

// each calls do for each place, with its registry connected and a token that does for many.
func (c *Client) each(ctx context.Context, verb string, places map[string]place, do func(context.Context, *host, string, place) error) error {
	scopes := map[*host][]string{}
	for _, name := range slices.Sorted(maps.Keys(places)) {
		p := places[name]
		h := c.host(p.Registry())
		if err := h.connect(ctx); err != nil {
			return about(verb, p, err)
		}
		if !slices.Contains(scopes[h], p.pull()) {
			scopes[h] = append(scopes[h], p.pull())
		}
	}
	for h, list := range scopes {
		h.auth.prepare(ctx, list)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Parallel)
	for _, name := range slices.Sorted(maps.Keys(places)) {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			p := places[name]
			return about(verb, p, do(ctx, c.host(p.Registry()), name, p))
		})
	}
	return group.Wait()
}

func (h *host) tagged(ctx context.Context, p place) (Tagged, error) {
	resp, err := h.do(ctx, call{
		method: http.MethodHead, path: p.manifestPath(), scopes: []string{p.pull()},
		header: map[string]string{"Accept": acceptManifests}, good: []int{http.StatusOK, http.StatusNotFound},
	})
	if err != nil {
		return Tagged{}, err
	}
	drain(resp)
	if resp.StatusCode == http.StatusNotFound {
		if lacks(resp) {
			return Tagged{}, nil
		}
		d, data, err := h.instead(ctx, p)
		if err != nil || d.Digest == "" {
			return Tagged{}, err
		}
		return h.withParts(ctx, p, d, data)
	}
	mediaType, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	dgst := digest.Digest(resp.Header.Get("Docker-Content-Digest"))
	if dgst != "" && dgst.Validate() != nil {
		return Tagged{}, h.fail(ErrDigest, "it says that %s has the digest %q", p.Target(), dgst)
	}
	if dgst != "" && mediaType != "" && !isIndex(mediaType) {
		return Tagged{Digest: digests.Manifest(dgst)}, nil
	}
	if dgst != "" { // what the tag names now may be another
		p = p.withDigest(dgst.String())
	}
	d, data, err := h.manifest(ctx, p)
	if err != nil {
		return Tagged{}, err
	}
	return h.withParts(ctx, p, d, data)
}

func (h *host) withParts(ctx context.Context, p place, d ocispecs.Descriptor, data []byte) (t Tagged, err error) {
	t.Digest = digests.Manifest(d.Digest)
	if isIndex(d.MediaType) {
		t.Parts, err = h.parts(ctx, p, data, maxDepth)
	}
	return t, err
}

// parts are the digests that an index names.
func (h *host) parts(ctx context.Context, p place, data []byte, depth int) ([]digests.Manifest, error) {
	var index ocispecs.Index
	if err := json.Unmarshal(data, &index); err != nil || len(index.Manifests) > maxManifests || depth == 0 {
		return nil, h.fail(ErrRefused, "the index %s cannot be read", p.Target())
	}
	var all []digests.Manifest
	for _, m := range index.Manifests {
		all = append(all, digests.Manifest(m.Digest))
		if !isIndex(m.MediaType) {
			continue
		}
		_, data, err := h.manifest(ctx, p.withDigest(m.Digest.String()))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		inner, err := h.parts(ctx, p.withDigest(m.Digest.String()), data, depth-1)
		if err != nil {
			return nil, err
		}
		all = append(all, inner...)
	}
	return all, nil
}
