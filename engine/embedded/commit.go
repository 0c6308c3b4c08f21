//go:build linux

package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/pkg/archive"
	"github.com/moby/buildkit/cache"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/leaseutil"
	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	"github.com/slipway-build/slipway/engine/container"
)

// committed are the images made of containers. They are snapshots without blobs, known to this process
// only: no name of the store ever stands for one.
type committed struct {
	mu   sync.Mutex
	list map[string]committedImage
}

type committedImage struct {
	image    container.Image
	snapshot cache.ImmutableRef
}

func (c *committed) get(name string) (committedImage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	img, ok := c.list[name]
	return img, ok
}

func (c *committed) set(name string, img committedImage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list == nil {
		c.list = map[string]committedImage{}
	}
	c.list[name] = img
}

func (c *committed) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.list, name)
}

// Commit implements container.Committer. What is mounted in the container does not count.
func (c *testContainer) Commit(ctx context.Context, name string, config imagespec.DockerOCIImage) (_ container.Image, _ func() error, err error) {
	p := c.process
	fail := func(err error) (container.Image, func() error, error) {
		return container.Image{}, nil, fmt.Errorf("cannot make an image of container %s: %w", c.spec.ID, err)
	}
	ctx, done, err := leaseutil.WithLease(ctx, p.parts.worker.LeaseManager(), leaseutil.MakeTemporary)
	if err != nil {
		return fail(err)
	}
	defer done(context.WithoutCancel(ctx))
	snapshot, err := p.snapshot(ctx, c.spec.Image)
	if err != nil {
		return fail(err)
	}
	layer, size, err := c.copyChanges(ctx, snapshot)
	if err != nil {
		return fail(errors.Join(err, snapshot.Release(context.WithoutCancel(ctx))))
	}
	ref, err := snapshot.Commit(ctx)
	if err != nil {
		return fail(err)
	}
	config.RootFS.DiffIDs = append(config.RootFS.DiffIDs[:len(config.RootFS.DiffIDs):len(config.RootFS.DiffIDs)], layer)
	data, err := json.Marshal(config)
	if err != nil {
		return fail(errors.Join(err, ref.Release(context.WithoutCancel(ctx))))
	}
	base, err := p.Image(ctx, c.spec.Image)
	if err != nil {
		return fail(errors.Join(err, ref.Release(context.WithoutCancel(ctx))))
	}
	image := container.Image{Name: name, Digest: digest.FromBytes(data).String(), Size: base.Size + size, Config: config,
		Layers: append(base.Layers[:len(base.Layers):len(base.Layers)], size)}
	p.committed.set(name, committedImage{image, ref})
	return image, func() error {
		p.committed.forget(name)
		ctx := context.WithoutCancel(ctx)
		return errors.Join(ref.Release(ctx), p.parts.worker.CacheMgr.Prune(ctx, nil, client.PruneInfo{All: true, Filter: []string{leftovers}}))
	}, nil
}

// copyChanges brings a snapshot of the container's image to the state of the container. It returns what
// it took for that: the digest and the size of a layer that is not compressed.
func (c *testContainer) copyChanges(ctx context.Context, snapshot cache.MutableRef) (_ digest.Digest, size int64, err error) {
	dir, err := os.MkdirTemp(c.bundle, "commit-")
	if err != nil {
		return "", 0, err
	}
	defer os.RemoveAll(dir)
	target := filepath.Join(dir, "rootfs")
	release, err := mountSnapshot(ctx, snapshot, target)
	if err != nil {
		return "", 0, err
	}
	defer func() {
		err = errors.Join(err, mount.Unmount(target, syscall.MNT_DETACH))
		release()
	}()
	layer, err := os.CreateTemp(TempDir(c.process.root), "layer-") // on the disk: the bundle is in memory
	if err != nil {
		return "", 0, err
	}
	defer os.Remove(layer.Name())
	defer layer.Close()
	sum := digest.Canonical.Digester()
	if err := archive.WriteDiff(ctx, io.MultiWriter(layer, sum.Hash()), target, c.rootfs); err != nil {
		return "", 0, err
	}
	if size, err = layer.Seek(0, io.SeekCurrent); err != nil {
		return "", 0, err
	}
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return "", 0, err
	}
	_, err = archive.Apply(ctx, target, layer)
	return sum.Digest(), size, err
}
