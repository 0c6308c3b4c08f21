//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/containerd/containerd/v2/core/mount"
	runc "github.com/containerd/go-runc"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/executor"
	"github.com/moby/buildkit/util/leaseutil"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/slipway-build/slipway/engine/container"
)

// testContainer is a container outside any build. BuildKit's executor runs one
// command and forgets; a test starts, enters, stops and looks into a container,
// so runc is driven here, on BuildKit's snapshots and with its OCI spec.
type testContainer struct {
	process *Process
	spec    container.Spec
	bundle  string
	rootfs  string
	// release frees the snapshot.
	release func()

	mu      sync.Mutex
	oci     *specs.Spec
	main    *runcProcess
	removed bool
}

// snapshotPrefix begins the descriptions of containers' snapshots; leftovers is
// BuildKit's filter for them.
const (
	snapshotPrefix = "container of "
	leftovers      = `description~="^` + snapshotPrefix + `"`
)

// containerTable knows the containers that Close must end.
type containerTable struct {
	// swept says that what a killed process left was freed, or why not.
	swept func() error
	mu    sync.Mutex
	list  map[string]*testContainer
}

func newContainerTable() *containerTable {
	return &containerTable{list: map[string]*testContainer{}}
}

func (t *containerTable) add(c *testContainer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list[c.spec.ID] = c
}

func (t *containerTable) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.list, id)
}

// removeAll ends every container and waits until they are gone.
func (t *containerTable) removeAll() error {
	t.mu.Lock()
	var list []*testContainer
	for _, c := range t.list {
		list = append(list, c)
	}
	t.mu.Unlock()
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, c := range list {
		wg.Go(func() { errs[i] = c.remove() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// NewContainer makes a container with a writable snapshot of its image. It must
// be removed; Close removes those that are left.
func (p *Process) NewContainer(ctx context.Context, spec container.Spec) (container.Container, error) {
	if err := executor.ValidContainerID(spec.ID); err != nil {
		return nil, fmt.Errorf("cannot make container: %w", err)
	}
	if err := p.sweepSnapshots(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	ctx, done, err := leaseutil.WithLease(ctx, p.parts.worker.LeaseManager(), leaseutil.MakeTemporary)
	if err != nil {
		return nil, fmt.Errorf("cannot make container of %s: %w", spec.Image, err)
	}
	defer done(context.WithoutCancel(ctx))
	c := &testContainer{process: p, spec: spec, bundle: filepath.Join(executorDir(p.root), spec.ID)}
	c.rootfs = filepath.Join(c.bundle, "rootfs")
	if err := os.Mkdir(c.bundle, 0o711); err != nil {
		return nil, fmt.Errorf("cannot make container of %s: %w", spec.Image, err)
	}
	if c.release, err = p.mountRootfs(ctx, spec.Image, c.rootfs); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.bundle))
	}
	p.containers.add(c)
	return c, nil
}

// sweepSnapshots frees, once in a process and before its first container, the
// snapshots of containers whose process was killed. All others are in use.
func (p *Process) sweepSnapshots(ctx context.Context) error {
	t := p.containers
	t.mu.Lock()
	if t.swept == nil {
		t.swept = sync.OnceValue(func() error {
			return p.parts.worker.CacheMgr.Prune(ctx, nil, client.PruneInfo{All: true, Filter: []string{leftovers}})
		})
	}
	sweep := t.swept
	t.mu.Unlock()
	if err := sweep(); err != nil {
		return fmt.Errorf("cannot remove the containers of an earlier run: %w", err)
	}
	return nil
}

// Start implements container.Container.
func (c *testContainer) Start(ctx context.Context, stdio container.IO) (container.Running, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removed {
		return nil, fmt.Errorf("cannot start container %s: it was removed", c.spec.ID)
	}
	if c.main != nil && !c.main.ended() {
		return nil, fmt.Errorf("cannot start container %s: it is running", c.spec.ID)
	}
	spec, cleanup, err := c.ociSpec(ctx)
	if err != nil {
		return nil, err
	}
	c.oci = spec
	proc, err := launch(ctx, c.bundle, c.spec.Process, stdio, func(ctx context.Context, r *runc.Runc, l launchOptions) error {
		_, err := r.Run(ctx, c.spec.ID, c.bundle, &runc.CreateOpts{IO: l.io, PidFile: l.pidFile, Started: l.started})
		return err
	}, cleanup)
	if err != nil {
		return nil, err
	}
	c.main = proc
	return proc, nil
}

// Exec implements container.Container.
func (c *testContainer) Exec(ctx context.Context, p container.Process, stdio container.IO) (container.Running, error) {
	c.mu.Lock()
	main, spec := c.main, c.oci
	c.mu.Unlock()
	if main == nil || main.ended() {
		return nil, fmt.Errorf("cannot run a command in container %s: it is not running", c.spec.ID)
	}
	process, err := c.execSpec(spec, p)
	if err != nil {
		return nil, err
	}
	proc, err := launch(ctx, c.bundle, p, stdio, func(ctx context.Context, r *runc.Runc, l launchOptions) error {
		return r.Exec(ctx, c.spec.ID, *process, &runc.ExecOpts{IO: l.io, PidFile: l.pidFile, Started: l.started})
	}, nil)
	if err != nil {
		return nil, err
	}
	return proc, nil
}

// Root implements container.Container.
func (c *testContainer) Root() string { return c.rootfs }

// Remove implements container.Container.
func (c *testContainer) Remove(context.Context) error { return c.remove() }

func (c *testContainer) remove() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removed {
		return nil
	}
	if c.main != nil {
		if err := c.main.Signal(syscall.SIGKILL); err != nil {
			return fmt.Errorf("cannot kill container %s: %w", c.spec.ID, err)
		}
		if _, err := c.main.Wait(); err != nil {
			return fmt.Errorf("cannot wait for container %s: %w", c.spec.ID, err)
		}
	}
	// A reader in another process may still hold a file, so the mount is detached.
	if err := mount.Unmount(c.rootfs, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("cannot unmount container %s: %w", c.spec.ID, err)
	}
	c.release()
	c.removed = true
	c.process.containers.forget(c.spec.ID)
	if err := os.RemoveAll(c.bundle); err != nil {
		return fmt.Errorf("cannot remove container %s: %w", c.spec.ID, err)
	}
	return nil
}
