package dockerapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
)

// instance is one container as Docker's clients see it.
type instance struct {
	id      string
	image   container.Image
	config  *api.Config
	host    *api.HostConfig
	spec    container.Spec
	ports   []publication
	volumes []*volumeUse
	// warnings are for whoever makes it.
	warnings []string
	// links are the containers whose names it knows.
	links   []*instance
	created time.Time
	runtime container.Container
	output  *output
	// name belongs to daemon.mu, as a name is unique among containers.
	name string

	// turn is held by whoever starts or removes the container.
	turn sync.Mutex

	mu       sync.Mutex
	state    api.ContainerState
	running  container.Running
	exitCode int
	failure  string
	started  time.Time
	finished time.Time
	stdin    *stdin
	// exited is closed at the end of the present or next run, gone at removal.
	exited chan struct{}
	gone   chan struct{}
	// restarting keeps a container that is else removed when it ends.
	restarting bool
	// health is nil as long as no check was due.
	health *api.Health
	// listeners are the open published ports.
	listeners []*forwarder
}

// stdin is a pipe into one run of a container.
type stdin struct {
	reader *io.PipeReader
	writer *io.PipeWriter
}

func newStdin() *stdin {
	r, w := io.Pipe()
	return &stdin{r, w}
}

func newInstance(id, name string) *instance {
	return &instance{id: id, name: name, created: time.Now().UTC(), output: newOutput(), stdin: newStdin(),
		state: api.StateCreated, exited: make(chan struct{}), gone: make(chan struct{})}
}

// start runs the container's process.
func (s *daemon) start(ctx context.Context, c *instance) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.mu.Lock()
	state, in := c.state, c.stdin
	c.mu.Unlock()
	switch state {
	case api.StateRunning:
		return errNotModified
	case api.StateRemoving:
		return conflict("container %s is being removed", shortID(c.id))
	}
	if err := s.checkLinks(c); err != nil {
		c.failed(err)
		return err
	}
	listeners, err := openPorts(c.ports)
	if err != nil {
		c.failed(err)
		return err
	}
	stdio := container.IO{Stdout: c.output.writer(stdoutStream), Stderr: c.output.writer(stderrStream)}
	if c.config.OpenStdin {
		stdio.Stdin = in.reader
	}
	c.output.begin()
	running, err := c.runtime.Start(ctx, stdio)
	if err != nil {
		closePorts(listeners)
		c.failed(err)
		return fmt.Errorf("cannot start container %s: %w", c.spec.Hostname, err)
	}
	c.mu.Lock()
	c.state, c.running, c.listeners = api.StateRunning, running, listeners
	c.started, c.failure, c.exitCode = time.Now().UTC(), "", 0
	exited := c.exited
	c.mu.Unlock()
	c.watchHealth(context.WithoutCancel(ctx), exited)
	go s.watch(context.WithoutCancel(ctx), c, running)
	return nil
}

// failed records a start that came to nothing. Its exit codes are Docker's.
func (c *instance) failed(err error) {
	c.mu.Lock()
	c.failure, c.exitCode = err.Error(), startExitCode(err)
	c.mu.Unlock()
	c.output.finish()
}

func startExitCode(err error) int {
	var start *container.StartError
	if !errors.As(err, &start) {
		return 128
	}
	for _, s := range []string{"permission denied", "is a directory"} {
		if strings.Contains(start.Reason, s) {
			return 126
		}
	}
	for _, s := range []string{"executable file not found", "no such file or directory"} {
		if strings.Contains(start.Reason, s) {
			return 127
		}
	}
	return 128
}

// watch waits for the end of a run.
func (s *daemon) watch(ctx context.Context, c *instance, running container.Running) {
	code, err := running.Wait()
	c.mu.Lock()
	c.exitCode, c.finished, c.running = code, time.Now().UTC(), nil
	if err != nil {
		c.exitCode, c.failure = 128, err.Error()
	}
	if c.state == api.StateRunning {
		c.state = api.StateExited
	}
	listeners, exited, in, keep := c.listeners, c.exited, c.stdin, c.restarting
	c.listeners, c.exited, c.stdin = nil, make(chan struct{}), newStdin()
	if c.health != nil {
		c.health.Status = api.Unhealthy // as Docker has it for compatibility
	}
	c.mu.Unlock()
	in.reader.Close()
	closePorts(listeners)
	c.output.finish()
	s.endExecs(c.id)
	close(exited)
	if c.host.AutoRemove && !keep {
		// The container is gone for clients even if its files could not be removed:
		// Close reports those.
		_ = s.remove(ctx, c, true)
	}
}

// process returns the running process, or Docker's answer that there is none.
func (c *instance) process() (container.Running, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		return nil, conflict("container %s is not running", c.id)
	}
	return c.running, nil
}

// signal sends sig to the container's process.
func (c *instance) signal(sig syscall.Signal) error {
	p, err := c.process()
	if err != nil {
		return err
	}
	if sig == syscall.SIGKILL {
		c.output.release()
	}
	return p.Signal(sig)
}

// stop asks the process to end, kills it after wait (without bound if negative)
// and returns when it has ended.
func (c *instance) stop(ctx context.Context, sig syscall.Signal, wait time.Duration) error {
	c.mu.Lock()
	running, exited := c.running, c.exited
	c.mu.Unlock()
	if running == nil {
		return errNotModified
	}
	if err := c.signal(sig); err != nil {
		return err
	}
	var timeout <-chan time.Time
	if wait >= 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-exited:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timeout:
		if err := c.kill(ctx, exited); err != nil {
			return err
		}
	}
	return c.settle(ctx)
}

// settle waits for the removal of a container that has ended, if it removes
// itself: its name is free for what a test does next.
func (c *instance) settle(ctx context.Context) error {
	c.mu.Lock()
	removes := c.host.AutoRemove && !c.restarting
	c.mu.Unlock()
	if !removes {
		return nil
	}
	select {
	case <-c.gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *instance) kill(ctx context.Context, exited <-chan struct{}) error {
	var known *apiError
	// A conflict means that the process has just ended.
	if err := c.signal(syscall.SIGKILL); err != nil && !errors.As(err, &known) {
		return err
	}
	select {
	case <-exited:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// remove deletes a container. A running one is killed if force is set.
func (s *daemon) remove(ctx context.Context, c *instance, force bool) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.mu.Lock()
	running, exited, was := c.running, c.exited, c.state
	if was == api.StateRemoving {
		c.mu.Unlock()
		return notFound("No such container: %s", c.id)
	}
	if running != nil && !force {
		c.mu.Unlock()
		return conflict("cannot remove container %q: container is running: stop the container before removing or force remove", "/"+s.nameOf(c))
	}
	c.state = api.StateRemoving
	c.mu.Unlock()
	if running != nil {
		if err := c.kill(ctx, exited); err != nil {
			return c.keep(was, err)
		}
	}
	err := c.runtime.Remove(ctx)
	if err == nil {
		err = s.releaseVolumes(c)
	}
	if err != nil {
		return c.keep(was, err)
	}
	s.forget(c)
	c.output.close()
	c.mu.Lock()
	c.stdin.reader.Close()
	c.mu.Unlock()
	close(c.gone)
	return nil
}

// keep puts a container back whose removal failed.
func (c *instance) keep(state api.ContainerState, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state
	if state == api.StateRunning && c.running == nil {
		c.state = api.StateExited
	}
	return fmt.Errorf("cannot remove container %s: %w", shortID(c.id), err)
}

func (s *daemon) forget(c *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.containers, c.id)
	for id, e := range s.execs {
		if e.instance == c {
			delete(s.execs, id)
		}
	}
}

func (s *daemon) nameOf(c *instance) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.name
}

// add enters a new container, whose name must be free.
func (s *daemon) add(c *instance) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return failf(http.StatusServiceUnavailable, "the test is over: no more containers")
	}
	if c.name == "" {
		for c.name = randomName(); s.named(c.name) != nil; {
			c.name = fmt.Sprintf("%s_%d", randomName(), len(s.containers))
		}
	}
	if other := s.named(c.name); other != nil {
		return conflict("Conflict. The container name %q is already in use by container %q. You have to remove (or rename) that container to be able to reuse that name.", "/"+c.name, other.id)
	}
	s.containers[c.id] = c
	return nil
}
