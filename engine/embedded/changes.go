//go:build linux

package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/images/archive"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/continuity/fs"
	"github.com/containerd/platforms"
	"github.com/moby/buildkit/util/leaseutil"
	"github.com/slipway-build/slipway/engine/container"
)

// Changes implements container.Differ: it compares the container's files with another snapshot of its image.
func (c *testContainer) Changes(ctx context.Context) (_ []container.Change, err error) {
	ctx, done, err := leaseutil.WithLease(ctx, c.process.parts.worker.LeaseManager(), leaseutil.MakeTemporary)
	if err != nil {
		return nil, fmt.Errorf("cannot compare container %s with its image: %w", c.spec.ID, err)
	}
	defer done(context.WithoutCancel(ctx))
	dir, err := os.MkdirTemp(c.bundle, "image-")
	if err != nil {
		return nil, fmt.Errorf("cannot compare container %s with its image: %w", c.spec.ID, err)
	}
	defer os.RemoveAll(dir)
	base := filepath.Join(dir, "rootfs")
	release, err := c.process.mountRootfs(ctx, c.spec.Image, base)
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, mount.Unmount(base, syscall.MNT_DETACH))
		release()
	}()
	found := map[string]container.ChangeKind{}
	made := madeByRuntime(c.spec)
	var skipped []string
	err = fs.Changes(ctx, base, c.rootfs, func(kind fs.ChangeKind, name string, _ os.FileInfo, err error) error {
		switch {
		case err != nil:
			return err
		case kind == fs.ChangeKindAdd && made(name):
			skipped = append(skipped, name)
		case kind == fs.ChangeKindAdd:
			found[name] = container.Added
		case kind == fs.ChangeKindDelete:
			found[name] = container.Deleted
		case kind == fs.ChangeKindModify:
			found[name] = container.Modified
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot compare container %s with its image: %w", c.spec.ID, err)
	}
	return sortedChanges(found, skipped), nil
}

// madeByRuntime tells which files are only there for something to be mounted on them. Docker has them in a
// layer below the container's.
func madeByRuntime(s container.Spec) func(string) bool {
	return func(name string) bool {
		switch name {
		case "/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf":
			return true
		}
		return strings.HasPrefix(name, "/dev/") || s.Init && name == initTarget
	}
}

// sortedChanges adds the folders that hold changes, and leaves out those that changed by what was skipped.
func sortedChanges(found map[string]container.ChangeKind, skipped []string) []container.Change {
	for _, name := range skipped {
		dir := path.Dir(name)
		below := func(other string) bool { return strings.HasPrefix(other, dir+"/") }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(found)), below) {
			delete(found, dir)
		}
	}
	for name := range maps.Clone(found) {
		for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
			if _, known := found[dir]; !known {
				found[dir] = container.Modified
			}
		}
	}
	delete(found, "/")
	var out []container.Change
	for name, kind := range found {
		out = append(out, container.Change{Path: name, Kind: kind})
	}
	slices.SortFunc(out, func(a, b container.Change) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// SaveImages implements container.Saver, for this machine's platform.
func (p *Process) SaveImages(ctx context.Context, w io.Writer, names []container.SavedName) error {
	var list []images.Image
	for _, n := range names {
		img, _, _, err := p.resolve(ctx, n.Image)
		if err != nil {
			return err
		}
		img.Name = n.As
		list = append(list, img)
	}
	if err := archive.Export(ctx, p.parts.content, w, archive.WithPlatform(platforms.Default()), archive.WithSkipMissing(p.parts.content), archive.WithImages(list)); err != nil {
		return fmt.Errorf("cannot save images: %w", err)
	}
	return nil
}
