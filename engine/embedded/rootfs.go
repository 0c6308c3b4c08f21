//go:build linux

package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/pkg/labels"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/moby/buildkit/cache"
	"github.com/moby/buildkit/solver"
	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/slipway-build/slipway/engine/container"
	"github.com/slipway-build/slipway/ref"
)

// Images lists the store's images by name and digest only; Image has the rest.
func (p *Process) Images(ctx context.Context) ([]container.Image, error) {
	list, err := p.parts.names.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list images: %w", err)
	}
	out := make([]container.Image, len(list))
	for i, img := range list {
		out[i] = container.Image{Name: img.Name, Digest: img.Target.Digest.String()}
	}
	return out, nil
}

// Image reads an image of the store, for this machine's platform. The error
// holds container.ErrNoImage when there is none of that name.
func (p *Process) Image(ctx context.Context, ref string) (container.Image, error) {
	if made, ok := p.committed.get(ref); ok {
		return made.image, nil
	}
	img, manifest, config, err := p.resolve(ctx, ref)
	if err != nil {
		return container.Image{}, err
	}
	out := container.Image{Name: img.Name, Digest: img.Target.Digest.String(), Size: manifest.Config.Size, Config: config}
	for _, l := range manifest.Layers {
		out.Size += l.Size
		out.Layers = append(out.Layers, l.Size)
	}
	return out, nil
}

func (p *Process) resolve(ctx context.Context, given string) (images.Image, ocispecs.Manifest, imagespec.DockerOCIImage, error) {
	var config imagespec.DockerOCIImage
	name, err := ref.Parse(given)
	if err != nil {
		return images.Image{}, ocispecs.Manifest{}, config, err
	}
	img, err := p.parts.names.Get(ctx, name.String())
	if errdefs.IsNotFound(err) {
		err = container.ErrNoImage
	}
	if err != nil {
		return img, ocispecs.Manifest{}, config, fmt.Errorf("cannot find image %s: %w", given, err)
	}
	manifest, err := images.Manifest(ctx, p.parts.content, img.Target, platforms.Default())
	if err != nil {
		return img, manifest, config, fmt.Errorf("cannot read manifest of %s: %w", given, err)
	}
	data, err := content.ReadBlob(ctx, p.parts.content, manifest.Config)
	if err != nil {
		return img, manifest, config, fmt.Errorf("cannot read configuration of %s: %w", given, err)
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return img, manifest, config, fmt.Errorf("cannot read configuration of %s: %w", given, err)
	}
	if len(config.RootFS.DiffIDs) != len(manifest.Layers) {
		return img, manifest, config, fmt.Errorf("cannot use image %s: %d layers, but %d diff ids", given, len(manifest.Layers), len(config.RootFS.DiffIDs))
	}
	return img, manifest, config, nil
}

// mountRootfs mounts a writable snapshot of an image on target. The returned
// function frees the snapshot once target is unmounted.
func (p *Process) mountRootfs(ctx context.Context, ref, target string) (func(), error) {
	snapshot, err := p.snapshot(ctx, ref)
	if err != nil {
		return nil, err
	}
	release := func() { _ = snapshot.Release(context.WithoutCancel(ctx)) }
	unmount, err := mountSnapshot(ctx, snapshot, target)
	if err != nil {
		release()
		return nil, fmt.Errorf("cannot mount container of %s: %w", ref, err)
	}
	return func() { unmount(); release() }, nil
}

func mountSnapshot(ctx context.Context, snapshot cache.MutableRef, target string) (func(), error) {
	mountable, err := snapshot.Mount(ctx, false, nil)
	if err != nil {
		return nil, err
	}
	mounts, done, err := mountable.Mount()
	if err != nil {
		return nil, err
	}
	release := func() {
		if done != nil {
			_ = done()
		}
	}
	if err := os.Mkdir(target, 0o700); err != nil {
		release()
		return nil, err
	}
	if err := mount.All(mounts, target); err != nil {
		release()
		return nil, errors.Join(err, mount.UnmountAll(target, syscall.MNT_DETACH))
	}
	return release, nil
}

// snapshot makes a writable snapshot on top of an image. BuildKit's cache manager
// does it, so layers that a build has already unpacked are shared.
func (p *Process) snapshot(ctx context.Context, ref string) (cache.MutableRef, error) {
	if made, ok := p.committed.get(ref); ok {
		top, err := p.parts.worker.CacheMgr.New(ctx, made.snapshot, nil, cache.WithDescription(snapshotPrefix+ref))
		if err != nil {
			return nil, fmt.Errorf("cannot make container of %s: %w", ref, err)
		}
		return top, nil
	}
	_, manifest, config, err := p.resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	layers := make([]ocispecs.Descriptor, len(manifest.Layers))
	for i, l := range manifest.Layers {
		l.Annotations = map[string]string{labels.LabelUncompressed: config.RootFS.DiffIDs[i].String()}
		layers[i] = l
	}
	var parent cache.ImmutableRef
	if len(layers) > 0 {
		parent, err = p.parts.worker.FromRemote(ctx, &solver.Remote{Descriptors: layers, Provider: p.parts.content})
		if err != nil {
			return nil, fmt.Errorf("cannot unpack %s: %w", ref, err)
		}
		defer parent.Release(context.WithoutCancel(ctx))
	}
	top, err := p.parts.worker.CacheMgr.New(ctx, parent, nil, cache.WithDescription(snapshotPrefix+ref))
	if err != nil {
		return nil, fmt.Errorf("cannot make container of %s: %w", ref, err)
	}
	return top, nil
}
