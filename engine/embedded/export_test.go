//go:build linux

package embedded

import (
	"context"
	"time"

	"github.com/moby/buildkit/cache"
)

// LeaveSnapshot makes what a killed process leaves of a container: a snapshot
// that nobody uses and that is kept all the same.
func LeaveSnapshot(ctx context.Context, p *Process) error {
	s, err := p.parts.worker.CacheMgr.New(ctx, nil, nil, cache.CachePolicyRetain, cache.WithDescription(snapshotPrefix+"nothing"))
	if err != nil {
		return err
	}
	return s.Release(ctx)
}

// CollectFor changes how long Close may free disk space.
func CollectFor(p *Process, d time.Duration) { p.collectGrace = d }
