package engine

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client"
)

// Usage is what the unpacked layers take on disk, in bytes.
type Usage struct {
	Images int64 // held by a name in the image store
	Cache  int64 // held by the build cache alone
}

// DiskUsage measures the snapshots of images and of the build cache.
func (e *Engine) DiskUsage(ctx context.Context) (Usage, error) {
	records, err := e.bk.DiskUsage(ctx)
	if err != nil {
		return Usage{}, fmt.Errorf("cannot measure disk usage: %w", err)
	}
	var u Usage
	for _, r := range records {
		if r.Shared {
			u.Images += r.Size
		} else {
			u.Cache += r.Size
		}
	}
	return u, nil
}

// FreeAfter calls remove, which takes names out of the image store, and frees
// the layers that only those names held; other build cache stays. It returns
// how many bytes of unpacked layers that gave back.
func (e *Engine) FreeAfter(ctx context.Context, remove func() error) (int64, error) {
	before, err := e.held(ctx)
	if err != nil {
		return 0, err
	}
	if err := remove(); err != nil {
		return 0, err
	}
	after, err := e.held(ctx)
	if err != nil {
		return 0, err
	}
	var filters []string
	for id := range before {
		if !after[id] {
			filters = append(filters, "id=="+id)
		}
	}
	if len(filters) == 0 {
		// Nothing has this id, but blobs without a snapshot are collected.
		filters = []string{"id==none"}
	}
	return e.prune(ctx, filters)
}

// EmptyCache frees all build cache that no image in the store shares, and
// returns how many bytes that gave back.
func (e *Engine) EmptyCache(ctx context.Context) (int64, error) {
	return e.prune(ctx, nil)
}

// held are the cache records that images in the store share.
func (e *Engine) held(ctx context.Context) (map[string]bool, error) {
	records, err := e.bk.DiskUsage(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot measure disk usage: %w", err)
	}
	ids := map[string]bool{}
	for _, r := range records {
		if r.Shared {
			ids[r.ID] = true
		}
	}
	return ids, nil
}

// prune frees the cache records that match any of the filters, all without one,
// and runs BuildKit's garbage collector.
func (e *Engine) prune(ctx context.Context, filters []string) (int64, error) {
	var freed int64
	ch := make(chan client.UsageInfo)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for u := range ch {
			freed += u.Size
		}
	}()
	err := e.bk.Prune(ctx, ch, client.WithFilter(filters))
	close(ch)
	<-done
	if err != nil {
		return freed, fmt.Errorf("cannot free removed images: %w", err)
	}
	return freed, nil
}
