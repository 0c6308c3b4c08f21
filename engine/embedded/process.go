//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/core/mount"
	ctdsnapshot "github.com/containerd/containerd/v2/core/snapshots"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/control"
	"github.com/moby/buildkit/util/bklog"
	"github.com/moby/buildkit/util/leaseutil"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/slipway-build/slipway/engine/cgroup"
	"github.com/slipway-build/slipway/problem"
)

// stopGrace bounds how long Close waits for others that are attached, and how long it frees disk space.
const stopGrace = 5 * time.Second

// Process is a running engine. It must be closed: Close releases the root.
type Process struct {
	root       string
	lock       *rootLock
	warn       func(text string)
	parts      *workerParts
	controller *control.Controller
	server     *grpc.Server
	memory     *bufconn.Listener
	client     *client.Client
	containers *containerTable
	committed  committed
	groups     cgroup.Run
	stop       chan struct{}
	// collectLast is collect for Close, which must not stop with Start's context.
	collectLast  func()
	collectGrace time.Duration // how long collectLast may take
	uncollected  bool          // it took longer, or failed: the next Start collects
	restore      func() error  // variables as they were before it
	giveTurn     func()
	closeOnce    sync.Once
	closeErr     error
}

// Start takes the root and starts an engine on it. Leftovers of a killed run
// (mounts, temporary files, containers) are cleaned up first. Another engine of this process is waited for,
// also on another root, see turn.
func Start(ctx context.Context, o Options) (*Process, error) {
	if os.Geteuid() != 0 {
		return nil, problem.New("cannot start the engine as an ordinary user: it needs root for now", "run the command with sudo")
	}
	if err := os.MkdirAll(o.Root, 0o700); err != nil {
		return nil, problem.With(fmt.Errorf("cannot make engine root: %w", err), "name a folder that can be written with --root or SLIPWAY_ROOT")
	}
	root, err := realRoot(o.Root)
	if err != nil {
		return nil, err
	}
	lock, err := acquire(ctx, root, o.Wait)
	if err != nil {
		return nil, err
	}
	giveTurn, err := takeTurn(ctx, o.Beside)
	if err != nil {
		return nil, errors.Join(err, lock.release(lock.unclean, func(int64) {}))
	}
	routeLogs(o.Log, o.Debug)
	if o.Warn == nil {
		o.Warn = func(text string) { bklog.G(ctx).Warn(text) }
	}
	p := &Process{root: root, lock: lock, giveTurn: giveTurn, warn: o.Warn, stop: make(chan struct{}), containers: newContainerTable(), collectGrace: stopGrace}
	p.uncollected = lock.unclean
	p.collectLast = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.collectGrace)
		defer cancel()
		p.collectOrSay(ctx)
	}
	err = p.start(ctx, o, lock.unclean)
	if err == nil && lock.unclean {
		p.collectOrSay(ctx)
		err = context.Cause(ctx)
	}
	if errors.Is(err, unix.ENOSPC) {
		err = problem.Withf(err, "the disk is full; make room on the disk of %s, or choose another folder with --root", root)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Process) start(ctx context.Context, o Options, unclean bool) (err error) {
	if p.groups, err = cgroup.Of(p.root); err != nil {
		return err
	}
	if unclean {
		p.endLeftovers(o.Warn)
	}
	if err := repair(p.root); err != nil {
		return err
	}
	// BuildKit mounts in the temporary folder; below the root a killed run's
	// mounts can be told from others'.
	vars := maps.Clone(o.Proxies)
	if vars == nil {
		vars = map[string]string{}
	}
	vars["TMPDIR"] = TempDir(p.root)
	if p.restore, err = setVariables(vars); err != nil {
		return err
	}
	// containerd has read its own at the start of the program.
	if err := mount.SetTempMountLocation(TempDir(p.root)); err != nil {
		return fmt.Errorf("cannot choose temporary folder: %w", err)
	}
	if p.parts, p.controller, err = openEngine(ctx, p, o); err != nil {
		return err
	}
	// A kill while a snapshot is made leaves a folder that no database knows, in the way of the next one.
	if sn, ok := p.parts.snapshots.(ctdsnapshot.Cleaner); ok && unclean {
		if err := sn.Cleanup(ctx); err != nil {
			p.warn(err.Error())
		}
	}
	if err := mountBundles(p.root); err != nil {
		return err
	}
	p.server = newServer(p.controller, p.parts)
	p.memory = bufconn.Listen(1 << 20)
	go p.server.Serve(p.memory)
	socket, err := listen(socketPath(p.root))
	if err != nil {
		return err
	}
	go p.server.Serve(socket)
	p.client, err = client.New(ctx, "", client.WithContextDialer(
		func(ctx context.Context, _ string) (net.Conn, error) { return p.memory.DialContext(ctx) }))
	if err != nil {
		return fmt.Errorf("cannot connect to the engine: %w", err)
	}
	return nil
}

// listen makes a unix socket only its owner may use. A stale file of a killed
// process is replaced: the caller holds the root's lock.
func listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot remove stale socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for other slipway processes: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("cannot protect engine socket: %w", err)
	}
	return l, nil
}

// Services connects to the engine inside this process.
func (p *Process) Services() Services {
	return Services{BuildKit: p.client, Images: p.parts.names, Content: p.parts.content}
}

// Hold keeps content that is written with the context held from being collected, until release.
func (p *Process) Hold(ctx context.Context) (held context.Context, release func(), err error) {
	held, done, err := leaseutil.WithLease(ctx, p.parts.worker.LeaseManager(), leaseutil.MakeTemporary)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot keep content: %w", err)
	}
	return held, func() { _ = done(context.WithoutCancel(ctx)) }, nil // a lease ends by itself, too
}

// collect frees the disk space of what nothing will use again: build contexts,
// which are sent anew for each build, snapshots of failed steps, and what the
// rules for the build cache say. BuildKit does so minutes after a build, when
// this process is usually gone.
func (p *Process) collect(ctx context.Context) error {
	contexts := client.PruneInfo{All: true, Filter: []string{"type==" + string(client.UsageRecordTypeLocalSource)}}
	// Prune ends with containerd's garbage collection.
	rules := append([]client.PruneInfo{contexts}, p.parts.worker.GCPolicy()...)
	if err := p.parts.worker.CacheMgr.Prune(ctx, nil, rules...); err != nil {
		return fmt.Errorf("cannot free what earlier builds left: %w", err)
	}
	return nil
}

// collectOrSay collects. A failure, which the next process may not meet, is nobody's whose build is done:
// it is said, and the rest of what can be freed is left to the next process.
func (p *Process) collectOrSay(ctx context.Context) {
	err := p.collect(ctx)
	if p.uncollected = err != nil; err == nil {
		return
	}
	if ctx.Err() != nil || errors.Is(err, unix.ENOSPC) { // on a full disk, this process may be the one that makes room
		bklog.G(ctx).Debugf("the next run frees the rest of what builds left: %v", err)
		return
	}
	p.warn(problem.Text(err.Error(), "the next command tries again; what is left takes disk space and harms nothing"))
}

// Root is the engine's folder, absolute.
func (p *Process) Root() string { return p.root }

// Close stops the engine and releases the root. Requests of attached processes
// get a few seconds to end. It is safe to call more than once.
func (p *Process) Close() error {
	p.closeOnce.Do(func() { p.closeErr = p.close() })
	return p.closeErr
}

func (p *Process) close() error {
	var errs []error
	errs = append(errs, p.containers.removeAll())
	close(p.stop)
	if p.client != nil {
		errs = append(errs, p.client.Close())
	}
	if p.server != nil {
		stopServer(p.server)
	}
	// A step that was cancelled may not have ended its container yet, on a machine with much to do.
	errs = append(errs, killContainers(executorDir(p.root)), p.endGroups())
	opened := p.controller != nil && p.parts != nil
	if opened {
		p.collectLast()
	}
	closed := closeEngine(p.parts, p.controller)
	errs = append(errs, closed, unmountBundles(p.root))
	if err := os.Remove(socketPath(p.root)); err != nil && !errors.Is(err, os.ErrNotExist) {
		errs = append(errs, err)
	}
	if p.restore != nil {
		errs = append(errs, p.restore())
	}
	p.giveTurn()
	errs = append(errs, p.lock.release(p.uncollected, func(released int64) {
		if opened && closed == nil {
			leaveSums(p.root, released)
		}
	}))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cannot stop the engine cleanly: %w", err)
	}
	return nil
}

// stopServer gives requests a moment to end. One that is stuck is left to the
// end of the process: Stop waits for it as GracefulStop does.
func stopServer(s *grpc.Server) {
	done := make(chan struct{})
	go func() { s.GracefulStop(); close(done) }()
	select {
	case <-done:
	case <-time.After(stopGrace):
		go s.Stop()
	}
}
