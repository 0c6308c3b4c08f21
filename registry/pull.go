package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// Sink takes what a pull fetches. containerd's content store is one. Its writers keep what a broken
// transfer wrote (Status has the offset), and Commit must refuse content whose digest or size differs.
// The caller holds a lease where the store collects garbage.
type Sink interface {
	content.Ingester
	content.InfoProvider
}

// PullOptions are for one pull.
type PullOptions struct {
	Platform string // "linux/arm64": of an index only the best image for it; empty: everything
	MaxSize  int64  // bytes of all blobs; default 64 GiB
	Progress func(Progress)
}

const defaultMaxSize = 64 << 30

// Pull fetches an image into a sink and returns the descriptor of its manifest or index. Every byte
// is verified against the digests, from the tag's manifest down. Blobs come first and the manifests
// that name them later, so what the descriptor leads to is whole (for the platform). What the sink has
// already is not fetched; a transfer that was cut goes on where it ended.
func (c *Client) Pull(ctx context.Context, ref string, o PullOptions, into Sink) (ocispecs.Descriptor, error) {
	p, h, err := c.at(ctx, ref)
	if err != nil {
		return ocispecs.Descriptor{}, about("pull", plain(ref), err)
	}
	if o.MaxSize <= 0 {
		o.MaxSize = defaultMaxSize
	}
	pl := &puller{h: h, from: p, o: o, into: into}
	root, err := pl.run(ctx)
	return root, about("pull", p, err)
}

// puller is one pull.
type puller struct {
	h    *host
	from place
	o    PullOptions
	into Sink

	mu       sync.Mutex
	progress Progress
}

func (pl *puller) run(ctx context.Context) (ocispecs.Descriptor, error) {
	d, data, err := pl.h.manifest(ctx, pl.from)
	if err != nil {
		return d, err
	}
	manifests, blobs, err := pl.walk(ctx, manifest{d, data})
	if err != nil {
		return d, err
	}
	for _, b := range blobs {
		if b.Size < 0 || b.Size > pl.o.MaxSize-pl.progress.Total {
			return d, pl.h.fail(ErrRefused, "the image is larger than %d bytes", pl.o.MaxSize)
		}
		pl.progress.Total += b.Size
	}
	pl.advance(0)
	if err := pl.fetch(ctx, blobs); err != nil {
		return d, err
	}
	for _, m := range manifests {
		err := content.WriteBlob(ctx, pl.into, writeRef(m.Descriptor), bytes.NewReader(m.data), m.Descriptor)
		if err != nil && !errdefs.IsAlreadyExists(err) {
			return d, fmt.Errorf("cannot store manifest %s: %w", m.Digest, err)
		}
	}
	return d, nil
}

// fetch fetches blobs. The first failure ends it before another blob takes the turn of the one that failed.
func (pl *puller) fetch(ctx context.Context, blobs []ocispecs.Descriptor) error {
	gctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group errgroup.Group
	for _, b := range blobs {
		group.Go(func() error {
			if err := pl.h.transfers.Acquire(gctx, 1); err != nil {
				return err
			}
			defer pl.h.transfers.Release(1)
			err := pl.blob(gctx, b)
			if err != nil {
				err = fmt.Errorf("cannot fetch blob %s: %w", b.Digest, err)
				stop(err)
			}
			return err
		})
	}
	err := group.Wait()
	if failed := context.Cause(gctx); err != nil && failed != nil && ctx.Err() == nil {
		return failed // others only ended for it
	}
	return err
}

// walk fetches the manifests, children before parents, and collects the blobs they name.
func (pl *puller) walk(ctx context.Context, root manifest) (list []manifest, blobs []ocispecs.Descriptor, err error) {
	seen, read := map[string]bool{}, texts{h: pl.h, what: "the image's manifests are"}
	var visit func(m manifest) error
	visit = func(m manifest) error {
		if err := read.add(m.data); err != nil {
			return err
		}
		if seen[m.Digest.String()] = true; len(seen) > maxManifests {
			return pl.h.fail(ErrRefused, "the image has too many manifests")
		}
		children, err := images.Children(ctx, provider{m}, m.Descriptor)
		if err != nil {
			return pl.h.fail(ErrRefused, "its manifest %s cannot be read: %v", m.Digest, err)
		}
		if isIndex(m.MediaType) {
			if children, err = choose(children, pl.o.Platform); err != nil {
				return err
			}
		}
		for _, d := range children {
			switch {
			case d.Digest.Validate() != nil:
				return pl.h.fail(ErrRefused, "its manifest %s names %q, which is no digest", m.Digest, d.Digest)
			case seen[d.Digest.String()]:
			case images.IsManifestType(d.MediaType), images.IsIndexType(d.MediaType):
				_, data, err := pl.h.manifest(ctx, pl.from.withDigest(d.Digest.String()))
				if err != nil {
					return err
				}
				if int64(len(data)) != d.Size {
					return pl.h.fail(ErrDigest, "the manifest %s has another size than the index says", d.Digest)
				}
				if err := visit(manifest{d, data}); err != nil {
					return err
				}
			default:
				seen[d.Digest.String()] = true
				blobs = append(blobs, d)
			}
		}
		list = append(list, m)
		return nil
	}
	err = visit(root)
	return list, blobs, err
}

// choose takes the best image of an index for a platform, or everything.
func choose(children []ocispecs.Descriptor, platform string) ([]ocispecs.Descriptor, error) {
	if platform == "" {
		return children, nil
	}
	p, err := platforms.Parse(platform)
	if err != nil {
		return nil, fmt.Errorf("cannot read the platform: %w", err)
	}
	match, best := platforms.Only(p), -1
	var has []string
	for i, d := range children {
		if d.Platform == nil || d.Platform.OS == "unknown" {
			continue // attestations
		}
		has = append(has, platforms.Format(*d.Platform))
		if match.Match(*d.Platform) && (best < 0 || match.Less(*d.Platform, *children[best].Platform)) {
			best = i
		}
	}
	if best < 0 {
		return nil, fmt.Errorf("it is not for %s, but for %q: %w", platform, has, ErrNotFound)
	}
	return children[best : best+1], nil
}

func writeRef(d ocispecs.Descriptor) string { return "slipway-pull-" + d.Digest.String() }

func (pl *puller) advance(n int64) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	pl.progress.Done += n
	if pl.o.Progress != nil {
		pl.o.Progress(pl.progress)
	}
}

// provider gives one manifest that is in memory.
type provider struct{ m manifest }

func (p provider) ReaderAt(_ context.Context, d ocispecs.Descriptor) (content.ReaderAt, error) {
	if d.Digest != p.m.Digest {
		return nil, errors.New("internal error: only the manifest itself is here")
	}
	return inMemory{bytes.NewReader(p.m.data)}, nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }
