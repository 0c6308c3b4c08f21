package registry

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/digests"
)

// listFrom is how many unknown tags of one repository make its tag list worth a request.
const listFrom = 8

// Digests asks which references exist, and returns the digests of their manifests. A reference that
// is not there has no entry. Everything else is an error, one per registry: a registry that cannot
// be reached, refuses or wants to be left alone is never "not there". The map has what is certain,
// also beside an error. References are the keys as they were given.
func (c *Client) Digests(ctx context.Context, refs []string) (map[string]digests.Manifest, error) {
	ck := &check{c: c, holds: func(Remembered) bool { return true }, ask: askDigest}
	err := ck.run(ctx, refs)
	if ck.found == nil {
		return nil, err
	}
	out := make(map[string]digests.Manifest, len(ck.found))
	for ref, r := range ck.found {
		out[ref] = digests.Manifest(r.Digest)
	}
	return out, err
}

// askDigest asks for a digest, and keeps what Look has found in the same manifest.
func askDigest(ctx context.Context, h *host, p place, known Remembered) (Remembered, error) {
	dgst, etag, unchanged, err := h.head(ctx, p, known.ETag)
	if err != nil {
		return Remembered{}, err
	}
	if unchanged || dgst == known.Digest {
		known.ETag = etag
		return known, nil
	}
	return Remembered{Digest: dgst, ETag: etag}, nil
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

// check asks for many references: one call of Digests or Look.
type check struct {
	c *Client
	// holds tells whether what is remembered answers the question, if it is still so.
	holds func(Remembered) bool
	// ask asks the registry. known is what is remembered, or zero. An answer without a digest says: it
	// is not there.
	ask func(ctx context.Context, h *host, p place, known Remembered) (Remembered, error)

	known map[string]Remembered

	mu    sync.Mutex
	found map[string]Remembered // by references as they were given; nil when nothing was asked
	fails map[*host]*unreadableError
	news  map[string]Remembered // by canonical references
}

func (ck *check) run(ctx context.Context, refs []string) error {
	began := time.Now()
	byHost := map[string][]asked{}
	for _, ref := range slices.Compact(slices.Sorted(slices.Values(refs))) {
		p, err := parse(ref)
		if err != nil {
			return err
		}
		byHost[p.Registry()] = append(byHost[p.Registry()], asked{place: p, ref: ref})
	}
	known, err := ck.c.load(ctx, slices.Sorted(maps.Keys(places(byHost))))
	if err != nil {
		return err
	}
	ck.known, ck.found, ck.news = known, map[string]Remembered{}, map[string]Remembered{}
	ck.fails = map[*host]*unreadableError{}
	names := slices.Sorted(maps.Keys(byHost))
	errs := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { errs[i] = ck.host(ctx, ck.c.host(name), byHost[name]) })
	}
	wg.Wait()
	return errors.Join(append(errs, ck.c.save(context.WithoutCancel(ctx), ck.news, began))...)
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
		if byRepo[a.Path()] == nil {
			scopes = append(scopes, a.pull())
		}
		byRepo[a.Path()] = append(byRepo[a.Path()], a)
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
	if err := group.Wait(); err != nil {
		return err
	}
	if u := ck.fails[h]; u != nil {
		slices.Sort(u.Refs)
		return u
	}
	return nil
}

// fresh answers from memory what was seen a moment ago.
func (ck *check) fresh(a asked) bool {
	k, ok := ck.known[a.String()]
	age := time.Since(k.At)
	if !ok || k.Digest == "" || age < 0 || age >= ck.c.opts.Fresh || !ck.holds(k) {
		return false
	}
	ck.mu.Lock()
	defer ck.mu.Unlock()
	ck.found[a.ref] = k
	return true
}

func (ck *check) unknown(of []asked) int {
	n := 0
	for _, a := range of {
		if _, ok := ck.known[a.String()]; !ok && a.Digest() == "" {
			n++
		}
	}
	return n
}

// listed asks for the tag list first, and then only for those tags that exist. A list of several
// pages is not read on: it may be longer than what is asked for. What is remembered is asked for in any
// case: caches on the way make lists older than what was seen.
func (ck *check) listed(ctx context.Context, h *host, of []asked) error {
	tags, all, err := h.tags(ctx, of[0].place, 1)
	if gives(err, transport.NameUnknownErrorCode) {
		tags, all = nil, true
	} else if saysNothing(err) {
		all = false
	} else if err != nil {
		return about("check", of[0], err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(ck.c.opts.Parallel)
	for _, a := range of {
		_, there := slices.BinarySearch(tags, a.Tag())
		_, seen := ck.known[a.String()]
		if all && !there && !seen && a.Digest() == "" {
			continue
		}
		group.Go(func() error { return ck.one(ctx, h, a) })
	}
	return group.Wait()
}

func (ck *check) one(ctx context.Context, h *host, a asked) error {
	now, err := ck.ask(ctx, h, a.place, ck.known[a.String()])
	if errors.Is(err, ErrUnauthorized) && h.accepts(ctx, a.Path()) {
		now, err = Remembered{}, ck.refused(ctx, h, a, err)
	}
	var unreadable *unreadableError
	switch {
	case errors.As(err, &unreadable):
		return nil
	case err != nil:
		return about("check", a, err)
	}
	if now.Digest == "" {
		ck.gone(a)
		return nil
	}
	now.At = time.Now()
	ck.mu.Lock()
	defer ck.mu.Unlock()
	ck.found[a.ref], ck.news[a.String()] = now, now
	return nil
}

// refused is about a reference that may not be read: nil says that it is not there. What was seen there once
// is not taken for absent because of that: rights are lost, too.
func (ck *check) refused(ctx context.Context, h *host, a asked, err error) error {
	if _, seen := ck.known[a.String()]; seen {
		if lacks, _, _ := h.listLacks(ctx, a.place); lacks {
			return nil
		}
		return err
	}
	if h.absentIs403() {
		return nil
	}
	ck.mu.Lock()
	defer ck.mu.Unlock()
	u := ck.fails[h]
	if u == nil {
		u = &unreadableError{Err: about("check", a, err)}
		ck.fails[h] = u
	}
	u.Refs = append(u.Refs, a.ref)
	return u
}

// gone: that something is not there is never remembered, only what was is forgotten.
func (ck *check) gone(a asked) {
	ck.mu.Lock()
	defer ck.mu.Unlock()
	if _, ok := ck.known[a.String()]; ok {
		ck.news[a.String()] = Remembered{}
	}
}
