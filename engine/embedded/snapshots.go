//go:build linux

package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	ctdsnapshot "github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/snapshots/storage"
	"github.com/containerd/containerd/v2/plugins/snapshots/native"
	"github.com/containerd/containerd/v2/plugins/snapshots/overlay"
	"github.com/containerd/containerd/v2/plugins/snapshots/overlay/overlayutils"
	"github.com/containerd/errdefs"

	"github.com/slipway-build/slipway/engine/embedded/tree"
)

// snapshotter is containerd's overlay snapshotter, which measures and removes by descriptors. A snapshot
// with a path that is too long for the kernel would else stop all that measures or frees: BuildKit does
// that for all of them at once.
type snapshotter struct {
	ctdsnapshot.Snapshotter
	ms     *storage.MetaStore
	folder string // with a folder for each snapshot
	warn   func(text string)
	said   sync.Map // the folders that somebody was warned of
}

// newSnapshotter opens the snapshots, with the name that BuildKit knows their kind by.
func newSnapshotter(dir string, warn func(string)) (string, ctdsnapshot.Snapshotter, error) {
	root := filepath.Join(dir, "snapshots")
	if overlayutils.Supported(dir) != nil {
		sn, err := native.NewSnapshotter(root)
		if err != nil {
			return "", nil, fmt.Errorf("cannot open snapshots: %w", err)
		}
		return "native", sn, nil
	}
	ms, err := storage.NewMetaStore(snapshotPath(dir))
	if err != nil {
		return "", nil, fmt.Errorf("cannot open snapshots: %w", err)
	}
	sn, err := overlay.NewSnapshotter(root, overlay.AsynchronousRemove, overlay.WithMetaStore(ms))
	if err != nil {
		return "", nil, fmt.Errorf("cannot open snapshots: %w", err)
	}
	return "overlayfs", &snapshotter{Snapshotter: sn, ms: ms, folder: filepath.Join(root, "snapshots"), warn: warn}, nil
}

// measure measures what a snapshot adds to its parent. Of one that cannot be measured as a whole it is
// what could be.
func (s *snapshotter) measure(ctx context.Context, id string) (ctdsnapshot.Usage, error) {
	folder := filepath.Join(s.folder, id)
	u, err := tree.Measure(ctx, filepath.Join(folder, "fs"))
	if ctx.Err() != nil {
		return ctdsnapshot.Usage{}, context.Cause(ctx)
	}
	if err != nil {
		s.sayOnce(folder, fmt.Sprintf("the snapshot %s is larger than shown: %v", folder, err))
	}
	return ctdsnapshot.Usage(u), nil
}

func (s *snapshotter) sayOnce(folder, text string) {
	if _, said := s.said.LoadOrStore(folder, true); !said {
		s.warn(text)
	}
}

// Usage implements snapshots.Snapshotter.
func (s *snapshotter) Usage(ctx context.Context, key string) (usage ctdsnapshot.Usage, err error) {
	var id string
	var info ctdsnapshot.Info
	err = s.ms.WithTransaction(ctx, false, func(ctx context.Context) error {
		id, info, usage, err = storage.GetInfo(ctx, key)
		return err
	})
	if err != nil || info.Kind != ctdsnapshot.KindActive {
		return usage, err
	}
	return s.measure(ctx, id)
}

// Commit implements snapshots.Snapshotter.
func (s *snapshotter) Commit(ctx context.Context, name, key string, opts ...ctdsnapshot.Opt) error {
	return s.ms.WithTransaction(ctx, true, func(ctx context.Context) error {
		id, _, _, err := storage.GetInfo(ctx, key)
		if err != nil {
			return err
		}
		usage, err := s.measure(ctx, id)
		if err != nil {
			return err
		}
		if _, err := storage.CommitActive(ctx, key, name, usage, opts...); err != nil {
			return fmt.Errorf("cannot commit snapshot %s: %w", key, err)
		}
		return nil
	})
}

// Cleanup implements snapshots.Cleaner: it removes the folders of snapshots that are no more. One that
// cannot be removed is left for the next time.
func (s *snapshotter) Cleanup(ctx context.Context) error {
	var gone []string
	// While a transaction can be written no other makes a snapshot.
	err := s.ms.WithTransaction(ctx, true, func(ctx context.Context) error {
		ids, err := storage.IDMap(ctx)
		if err != nil && !errdefs.IsNotFound(err) { // there never was a snapshot
			return err
		}
		entries, err := os.ReadDir(s.folder)
		for _, e := range entries {
			if _, used := ids[e.Name()]; !used {
				gone = append(gone, filepath.Join(s.folder, e.Name()))
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot find what snapshots left: %w", err)
	}
	for _, folder := range gone {
		if err := tree.Remove(folder); err != nil {
			s.sayOnce(folder, fmt.Sprintf("the snapshot %s takes disk space for nothing until it can be removed: %v", folder, err))
		}
	}
	return nil
}

// snapshotPath is the database of the snapshots in the engine's folder.
func snapshotPath(dir string) string { return filepath.Join(dir, "snapshots", "metadata.db") }

var _ ctdsnapshot.Cleaner = (*snapshotter)(nil)
