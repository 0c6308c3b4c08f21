//go:build linux

package embedded

import (
	"context"
	"time"

	ctdsnapshot "github.com/containerd/containerd/v2/core/snapshots"
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

// OpenSnapshots opens the snapshots in an engine's folder.
func OpenSnapshots(dir string, warn func(string)) (ctdsnapshot.Snapshotter, error) {
	_, sn, err := newSnapshotter(dir, warn)
	return sn, err
}

// LockPath and SocketPath are where a root's lock and its process are.
var (
	LockPath   = lockPath
	SocketPath = socketPath
)

// Attach is for tests.
var Attach = attach
