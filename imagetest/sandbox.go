package imagetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/engine/cgroup"
	"github.com/slipway-build/slipway/imagetest/dockerapi"
)

// Network is what the containers of a test see of the network.
type Network string

// HostNetwork is the machine's own, the default.
const HostNetwork Network = ""

// Sandbox says what tests run in. Open makes one for each test; the commands of two do not run at a time.
// It must be closed.
type Sandbox struct {
	// Containers run what a test starts with its docker; nil gives it no docker.
	Containers dockerapi.Backend
	Network    Network
	// Folder is for short-lived files; the socket of a test's docker is in it.
	Folder string
	// Docker is the program that a test finds as docker.
	Docker string
	// Supervisor is a program that calls Supervise under the name SupervisorName. Without one, what a
	// test starts in a session of its own outlives it.
	Supervisor string
	// Groups hold the tests' processes together where the machine lets them.
	Groups cgroup.Run
	// Env is the whole environment of tests, but for their docker. Nil is this process' own.
	Env []string
	// Left is told what could not be ended or removed; nil is nobody.
	Left func(error)

	mu   sync.Mutex // held while a test's command runs
	kept *supervisor
}

// Box is the sandbox of one test: a docker and processes of its own. It must be closed.
type Box struct {
	sandbox *Sandbox
	env     []string
	group   *cgroup.Group // nil where there are none
	folder  string        // of the docker; empty without
	stop    context.CancelFunc
	served  chan error
}

// socketName is short: with the folder of a test it must fit into a socket's address (unix(7)).
const socketName = "sock"

// Open makes a test's sandbox.
func (s *Sandbox) Open(ctx context.Context) (*Box, error) {
	if s.Network != HostNetwork {
		return nil, fmt.Errorf("cannot prepare an image's test: there is no network %q", s.Network)
	}
	b := &Box{sandbox: s, env: s.Env}
	if s.Containers != nil {
		if err := b.serveDocker(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot prepare an image's test: %w", err), b.removeFolder())
		}
	}
	if s.Supervisor != "" {
		// A machine without groups that can be written has the supervisor alone.
		b.group, _ = s.Groups.New("test")
	}
	return b, nil
}

// serveDocker answers Docker's API on a socket of the box's own and puts a docker command in front of
// the PATH.
func (b *Box) serveDocker(ctx context.Context) error {
	var err error
	if b.folder, err = makeFolder(b.sandbox.Folder); err != nil {
		return err
	}
	bin := filepath.Join(b.folder, "bin")
	if err := errors.Join(os.Mkdir(bin, 0o700), os.Symlink(b.sandbox.Docker, filepath.Join(bin, "docker"))); err != nil {
		return err
	}
	socket := filepath.Join(b.folder, socketName)
	listener, err := Listen(socket)
	if err != nil {
		return err
	}
	// The containers outlive an interrupted test until Close, as a finished one's.
	ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.served = make(chan error, 1)
	go func() { b.served <- dockerapi.Serve(ctx, listener, b.sandbox.Containers) }()
	b.env = dockerEnv(b.sandbox.Env, bin, socket)
	return nil
}

// makeFolder makes one with the lowest number that is free.
func makeFolder(parent string) (string, error) {
	for n := 1; ; n++ {
		dir := filepath.Join(parent, strconv.Itoa(n))
		err := os.Mkdir(dir, 0o700)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

// Listen makes a socket for Docker's API that only its owner may use.
func Listen(socket string) (net.Listener, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// dockerEnv adds a docker to an environment.
func dockerEnv(env []string, bin, socket string) []string {
	out := []string{"DOCKER_HOST=unix://" + socket}
	path := bin
	for _, kv := range env {
		if value, ok := strings.CutPrefix(kv, "PATH="); ok {
			path += ":" + value
			continue
		}
		out = append(out, kv)
	}
	out = append(out, "PATH="+path)
	slices.Sort(out)
	return out
}

// Close ends what the test has left: processes, containers, their names and ports, the socket, which
// may have been removed. What could not be ended is told to Left.
func (b *Box) Close() {
	var errs []error
	if b.group != nil {
		errs = append(errs, b.group.End())
	}
	if b.stop != nil {
		b.stop()
		errs = append(errs, <-b.served)
	}
	if err := errors.Join(append(errs, b.removeFolder())...); err != nil {
		b.tell(fmt.Errorf("cannot clean up after a test: %w", err))
	}
}

func (b *Box) tell(err error) {
	if b.sandbox.Left != nil {
		b.sandbox.Left(err)
	}
}

// removeFolder removes what serveDocker made. What the test has put there stays until the next start of
// an engine, which knows how to remove mounts, too.
func (b *Box) removeFolder() error {
	if b.folder == "" {
		return nil
	}
	bin := filepath.Join(b.folder, "bin")
	for _, name := range []string{filepath.Join(b.folder, socketName), filepath.Join(bin, "docker")} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, dir := range []string{bin, b.folder} {
		_ = os.Remove(dir)
	}
	return nil
}
