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

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/pkg/labels"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/cache"
	"github.com/moby/buildkit/executor"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/leaseutil"
	"github.com/moby/sys/user"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// ContainerSpec is what one container runs and sees.
type ContainerSpec struct {
	// ID names the container for Exec; it must be unique while it runs.
	ID string
	// Image is a reference in the engine's image store.
	Image string
	// Args is the whole command line. Env replaces the image's environment.
	Args     []string
	Env      []string
	User     string
	Dir      string
	Hostname string
	TTY      bool
	ReadOnly bool
	Binds    []Bind
	// NoNetwork leaves the container with loopback only; otherwise it shares
	// the host's network.
	NoNetwork bool
}

// Bind makes a host path visible in a container.
type Bind struct {
	Source, Target string
	ReadOnly       bool
}

// ProcessIO are the streams of a container's process. Resize and Signal may be nil.
type ProcessIO struct {
	Stdin          io.ReadCloser
	Stdout, Stderr io.WriteCloser
	Resize         <-chan executor.WinSize
	Signal         <-chan syscall.Signal
}

type containerTable struct {
	mu      sync.Mutex
	cancels map[string]context.CancelFunc
	running sync.WaitGroup
}

func newContainerTable() *containerTable {
	return &containerTable{cancels: map[string]context.CancelFunc{}}
}

func (t *containerTable) add(id string, cancel context.CancelFunc) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.cancels[id]; ok {
		return fmt.Errorf("cannot start container %s: the name is in use", id)
	}
	t.cancels[id] = cancel
	t.running.Add(1)
	return nil
}

func (t *containerTable) remove(id string) {
	t.mu.Lock()
	delete(t.cancels, id)
	t.mu.Unlock()
	t.running.Done()
}

// killAll ends every container and waits until they are gone.
func (t *containerTable) killAll() {
	t.mu.Lock()
	for _, cancel := range t.cancels {
		cancel()
	}
	t.mu.Unlock()
	t.running.Wait()
}

// RunContainer runs spec until its process ends and returns the exit code.
// Started is closed once the process runs. Cancelling ctx kills the container.
// What the container writes is thrown away with it.
func (p *Process) RunContainer(ctx context.Context, spec ContainerSpec, stdio ProcessIO, started chan<- struct{}) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := p.containers.add(spec.ID, cancel); err != nil {
		return 0, err
	}
	defer p.containers.remove(spec.ID)
	ctx, done, err := leaseutil.WithLease(ctx, p.parts.worker.LeaseManager(), leaseutil.MakeTemporary)
	if err != nil {
		return 0, fmt.Errorf("cannot run %s: %w", spec.Image, err)
	}
	defer done(context.WithoutCancel(ctx))
	rootfs, release, err := p.rootfs(ctx, spec.Image)
	if err != nil {
		return 0, err
	}
	defer release()
	mounts, err := bindMounts(spec.Binds)
	if err != nil {
		return 0, err
	}
	meta := executor.Meta{
		Args: spec.Args, Env: spec.Env, User: spec.User, Cwd: spec.Dir,
		Hostname: spec.Hostname, Tty: spec.TTY, ReadonlyRootFS: spec.ReadOnly,
		NetMode: pb.NetMode_UNSET, SecurityMode: pb.SecurityMode_SANDBOX,
	}
	if meta.Cwd == "" {
		meta.Cwd = "/"
	}
	if spec.NoNetwork {
		meta.NetMode = pb.NetMode_NONE
	}
	info := executor.ProcessInfo{Meta: meta, Stdin: stdio.Stdin, Stdout: stdio.Stdout,
		Stderr: stdio.Stderr, Resize: stdio.Resize, Signal: stdio.Signal}
	rec, err := p.parts.worker.Executor().Run(ctx, spec.ID, executor.Mount{Src: rootfs}, mounts, info, started)
	if rec != nil {
		// The container is deleted only when its record has been read.
		if werr := rec.Wait(); werr != nil && err == nil {
			err = fmt.Errorf("cannot remove container %s: %w", spec.ID, werr)
		}
	}
	return exitCode(ctx, spec.ID, err)
}

// ExecContainer runs one more process in a running container.
func (p *Process) ExecContainer(ctx context.Context, id string, spec ContainerSpec, stdio ProcessIO) (int, error) {
	err := p.parts.worker.Executor().Exec(ctx, id, executor.ProcessInfo{
		Meta: executor.Meta{Args: spec.Args, Env: spec.Env, User: spec.User, Cwd: spec.Dir, Tty: spec.TTY,
			NetMode: pb.NetMode_UNSET},
		Stdin: stdio.Stdin, Stdout: stdio.Stdout, Stderr: stdio.Stderr, Resize: stdio.Resize, Signal: stdio.Signal,
	})
	return exitCode(ctx, id, err)
}

// exitCode tells a process that failed from a container that could not run.
func exitCode(ctx context.Context, id string, err error) (int, error) {
	var exit *gwpb.ExitError
	switch {
	case err == nil:
		return 0, nil
	case ctx.Err() != nil:
		return 137, nil
	case errors.As(err, &exit) && exit.ExitCode != gwpb.UnknownExitStatus:
		return int(exit.ExitCode), nil
	}
	return 0, fmt.Errorf("cannot run container %s: %w", id, err)
}

// ImageConfig reads the configuration of an image in the store, for this machine's platform.
func (p *Process) ImageConfig(ctx context.Context, ref string) (ocispecs.Image, error) {
	_, _, config, err := p.resolve(ctx, ref)
	return config, err
}

func (p *Process) resolve(ctx context.Context, ref string) (images.Image, ocispecs.Manifest, ocispecs.Image, error) {
	var config ocispecs.Image
	name, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return images.Image{}, ocispecs.Manifest{}, config, fmt.Errorf("cannot read image name %q: %w", ref, err)
	}
	img, err := p.parts.images.Get(ctx, reference.TagNameOnly(name).String())
	if err != nil {
		return img, ocispecs.Manifest{}, config, fmt.Errorf("cannot find image %s: %w", ref, err)
	}
	manifest, err := images.Manifest(ctx, p.parts.content, img.Target, platforms.Default())
	if err != nil {
		return img, manifest, config, fmt.Errorf("cannot read manifest of %s: %w", ref, err)
	}
	data, err := content.ReadBlob(ctx, p.parts.content, manifest.Config)
	if err != nil {
		return img, manifest, config, fmt.Errorf("cannot read configuration of %s: %w", ref, err)
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return img, manifest, config, fmt.Errorf("cannot read configuration of %s: %w", ref, err)
	}
	if len(config.RootFS.DiffIDs) != len(manifest.Layers) {
		return img, manifest, config, fmt.Errorf("cannot use image %s: %d layers, but %d diff ids", ref, len(manifest.Layers), len(config.RootFS.DiffIDs))
	}
	return img, manifest, config, nil
}

// rootfs makes a writable snapshot on top of an image. BuildKit's cache manager
// does it, so layers that a build has already unpacked are shared.
func (p *Process) rootfs(ctx context.Context, ref string) (executor.Mountable, func(), error) {
	_, manifest, config, err := p.resolve(ctx, ref)
	if err != nil {
		return nil, nil, err
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
			return nil, nil, fmt.Errorf("cannot unpack %s: %w", ref, err)
		}
	}
	top, err := p.parts.worker.CacheMgr.New(ctx, parent, nil, cache.WithDescription("container of "+ref))
	if parent != nil {
		parent.Release(context.WithoutCancel(ctx))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make container of %s: %w", ref, err)
	}
	return snapshotMount{top}, func() { top.Release(context.WithoutCancel(ctx)) }, nil
}

// snapshotMount is a snapshot as the executor wants it.
type snapshotMount struct{ ref cache.Mountable }

func (m snapshotMount) Mount(ctx context.Context, readonly bool) (executor.MountableRef, error) {
	return m.ref.Mount(ctx, readonly, nil)
}

// bindSource is a host path as the executor wants it.
type bindSource struct{ bind Bind }

func (m bindSource) Mount(context.Context, bool) (executor.MountableRef, error) {
	return bindRef(m), nil
}

type bindRef struct{ bind Bind }

func (m bindRef) IdentityMapping() *user.IdentityMapping { return nil }

func (m bindRef) Mount() ([]mount.Mount, func() error, error) {
	options := []string{"rbind"}
	if m.bind.ReadOnly {
		options = append(options, "ro")
	}
	return []mount.Mount{{Type: "bind", Source: m.bind.Source, Options: options}}, nil, nil
}

// bindMounts checks the host paths first: runc's own message names no cause.
func bindMounts(binds []Bind) ([]executor.Mount, error) {
	var out []executor.Mount
	for _, b := range binds {
		if _, err := os.Stat(b.Source); err != nil {
			return nil, fmt.Errorf("cannot bind %s: %w", b.Source, err)
		}
		if !filepath.IsAbs(b.Target) {
			return nil, fmt.Errorf("cannot bind %s: target %q is not an absolute path", b.Source, b.Target)
		}
		out = append(out, executor.Mount{Src: bindSource{b}, Dest: b.Target, Readonly: b.ReadOnly})
	}
	return out, nil
}

// NewContainerID returns a fresh random name.
func NewContainerID() string { return identity.NewID() }
