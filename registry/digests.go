package registry

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Memory keeps what registries answered, for the next process. It is a cache: what it forgets is
// asked again. Implementations need not be safe for concurrent use by several checks.
type Memory interface {
	// Load returns what is known of these references; unknown ones are left out. References are in
	// their canonical form: docker.io/library/base:1.0.
	Load(ctx context.Context, refs []string) (map[string]Remembered, error)
	// Save keeps answers, all or none. An entry without a digest says: forget this reference.
	Save(ctx context.Context, answers map[string]Remembered) error
}

// Remembered is an answer of a registry.
type Remembered struct {
	Digest string    // of the manifest or index
	ETag   string    // as the registry wrote it; "" when it gave none
	At     time.Time // when it was last seen to be so
}

// listFrom is how many unknown tags of one repository make its tag list worth a request.
const listFrom = 8

// Digests asks which references exist, and returns the digests of their manifests. A reference that
// is not there has no entry. Everything else is an error, one per registry: a registry that cannot
// be reached, refuses or wants to be left alone is never "not there". The map has what is certain,
// also beside an error. References are the keys as they were given.
func (c *Client) Digests(ctx context.Context, refs []string) (map[string]string, error) {
	ck := &check{c: c, found: map[string]string{}, news: map[string]Remembered{}}
	byHost := map[string][]asked{}
	for _, ref := range slices.Compact(slices.Sorted(slices.Values(refs))) {
		p, err := parse(ref)
		if err != nil {
			return nil, err
		}
		byHost[p.host] = append(byHost[p.host], asked{place: p, ref: ref})
	}
	if c.opts.Memory != nil {
		known, err := c.opts.Memory.Load(ctx, slices.Sorted(maps.Keys(places(byHost))))
		if err != nil {
			return nil, err
		}
		ck.known = known
	}
	names := slices.Sorted(maps.Keys(byHost))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { errs[i] = ck.host(ctx, c.host(name), byHost[name]) })
	}
	wg.Wait()
	err := errors.Join(errs...)
	if c.opts.Memory != nil && len(ck.news) > 0 {
		if serr := c.opts.Memory.Save(context.WithoutCancel(ctx), ck.news); serr != nil {
			err = errors.Join(err, serr)
		}
	}
	return ck.found, err
}

type asked struct {
	place
	ref string // as the caller wrote it
}

func places(byHost map[string][]asked) map[string]bool {
	out := map[string]bool{}
	for _, list := range byHost {
		for _, a := range list {
			out[a.String()] = true
		}
	}
	return out
}

// check is one call of Digests.
type check struct {
	c     *Client
	known map[string]Remembered

	mu    sync.Mutex
	found map[string]string
	news  map[string]Remembered
}

func (ck *check) host(ctx context.Context, h *host, list []asked) error {
	list = slices.DeleteFunc(list, ck.fresh)
	if len(list) == 0 {
		return nil
	}
	if err := h.connect(ctx); err != nil {
		return about("check", list[0], err)
	}
	byRepo := map[string][]asked{}
	var scopes []string
	for _, a := range list {
		if byRepo[a.repo] == nil {
			scopes = append(scopes, a.pull())
		}
		byRepo[a.repo] = append(byRepo[a.repo], a)
	}
	h.auth.prepare(ctx, scopes)

	// The first error ends the work: the others would be the same, a thousand times.
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(ck.c.opts.Parallel)
	repos := slices.SortedFunc(maps.Keys(byRepo), func(a, b string) int { return cmp.Compare(a, b) })
	for _, repo := range repos {
		of := byRepo[repo]
		if ck.unknown(of) >= listFrom {
			group.Go(func() error { return ck.listed(ctx, h, of) })
			continue
		}
		for _, a := range of {
			group.Go(func() error { return ck.one(ctx, h, a) })
		}
	}
	return group.Wait()
}

// fresh answers from memory what was seen a moment ago.
func (ck *check) fresh(a asked) bool {
	k, ok := ck.known[a.String()]
	age := time.Since(k.At)
	if !ok || k.Digest == "" || age < 0 || age >= ck.c.opts.Fresh {
		return false
	}
	ck.mu.Lock()
	defer ck.mu.Unlock()
	ck.found[a.ref] = k.Digest
	return true
}

func (ck *check) unknown(of []asked) int {
	n := 0
	for _, a := range of {
		if _, ok := ck.known[a.String()]; !ok && a.digest == "" {
			n++
		}
	}
	return n
}

// listed asks for the tag list first, and then only for those tags that exist. A list of several
// pages is not read on: it may be longer than what is asked for.
func (ck *check) listed(ctx context.Context, h *host, of []asked) error {
	tags, all, err := h.tags(ctx, of[0].place, 1)
	if errors.Is(err, ErrNotFound) {
		tags, all = nil, true
	} else if errors.Is(err, ErrUnsupported) || errors.Is(err, ErrUnauthorized) {
		all = false // some registries have no lists, or not for everybody
	} else if err != nil {
		return about("check", of[0], err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(ck.c.opts.Parallel)
	for _, a := range of {
		if _, there := slices.BinarySearch(tags, a.tag); all && !there && a.digest == "" {
			ck.gone(a)
			continue
		}
		group.Go(func() error { return ck.one(ctx, h, a) })
	}
	return group.Wait()
}

func (ck *check) one(ctx context.Context, h *host, a asked) error {
	known := ck.known[a.String()]
	dgst, etag, unchanged, err := h.head(ctx, a.place, known.ETag)
	if err != nil {
		return about("check", a, err)
	}
	if unchanged {
		dgst = known.Digest
	}
	if dgst == "" {
		ck.gone(a)
		return nil
	}
	ck.mu.Lock()
	defer ck.mu.Unlock()
	ck.found[a.ref] = dgst
	ck.news[a.String()] = Remembered{Digest: dgst, ETag: etag, At: time.Now()}
	return nil
}

// gone: that something is not there is never remembered, only what was is forgotten.
func (ck *check) gone(a asked) {
	ck.mu.Lock()
	defer ck.mu.Unlock()
	if _, ok := ck.known[a.String()]; ok {
		ck.news[a.String()] = Remembered{}
	}
}
