// Package dockerapitest has the suite that every backend of dockerapi passes, and
// a backend of plain processes of this machine, which needs neither root nor runc.
package dockerapitest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/slipway-build/slipway/engine/container"
)

// Busybox is the program that all commands of the suite are parts of (Debian:
// busybox-static).
const Busybox = "/bin/busybox"

// Ref is the image the suite runs. imageConfig is what it must be made of.
const Ref = "registry.example/test/busybox:1"

// Dockerfile builds the image of the suite from a context with busybox in it.
const Dockerfile = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /etc /tmp && echo root:x:0:0::/root:/bin/sh > /etc/passwd && echo app:x:1000:1000::/:/bin/sh >> /etc/passwd
ENV GREETING=hello TARGET=world
LABEL team=test
EXPOSE 80
WORKDIR /srv
CMD ["sh", "-c", "echo $GREETING, $TARGET"]
`

// imageConfig is the configuration of the image of the suite.
func imageConfig() imagespec.DockerOCIImage {
	var out imagespec.DockerOCIImage
	out.OS, out.Architecture = "linux", "amd64"
	out.Config.ImageConfig = ocispecs.ImageConfig{
		Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "GREETING=hello", "TARGET=world"},
		Cmd:          []string{"sh", "-c", "echo $GREETING, $TARGET"},
		Labels:       map[string]string{"team": "test"},
		ExposedPorts: map[string]struct{}{"80/tcp": {}},
		WorkingDir:   "/srv",
	}
	return out
}

// Host runs containers as plain processes, each with a folder of its own as root
// file system that it is not confined to. The commands must be busybox' own and
// name files relative to their working folder.
type Host struct {
	// Dir is where the folders are made.
	Dir string
}

// Images implements dockerapi.Backend.
func (h Host) Images(context.Context) ([]container.Image, error) {
	return []container.Image{{Name: Ref, Digest: "sha256:" + strings.Repeat("5", 64)}}, nil
}

// Image implements dockerapi.Backend.
func (h Host) Image(ctx context.Context, ref string) (container.Image, error) {
	if ref != Ref {
		return container.Image{}, fmt.Errorf("cannot find image %s: %w", ref, container.ErrNoImage)
	}
	list, err := h.Images(ctx)
	if err != nil {
		return container.Image{}, err
	}
	list[0].Config, list[0].Size = imageConfig(), 1000
	return list[0], nil
}

// NewContainer implements dockerapi.Backend.
func (h Host) NewContainer(_ context.Context, spec container.Spec) (container.Container, error) {
	c := &hostContainer{spec: spec, root: filepath.Join(h.Dir, spec.ID)}
	if err := os.MkdirAll(filepath.Join(c.root, "srv"), 0o755); err != nil {
		return nil, fmt.Errorf("cannot make container: %w", err)
	}
	return c, nil
}

type hostContainer struct {
	spec container.Spec
	root string

	mu   sync.Mutex
	main *hostProcess
}

// Root implements container.Container.
func (c *hostContainer) Root() string { return c.root }

// Start implements container.Container.
func (c *hostContainer) Start(_ context.Context, stdio container.IO) (container.Running, error) {
	p, err := c.launch(c.spec.Process, stdio)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.main = p
	return p, nil
}

// Exec implements container.Container.
func (c *hostContainer) Exec(_ context.Context, p container.Process, stdio container.IO) (container.Running, error) {
	return c.launch(p, stdio)
}

// Remove implements container.Container.
func (c *hostContainer) Remove(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.main != nil {
		if err := c.main.Signal(syscall.SIGKILL); err != nil {
			return err
		}
		<-c.main.done
	}
	return os.RemoveAll(c.root)
}

func (c *hostContainer) launch(p container.Process, stdio container.IO) (*hostProcess, error) {
	applets, err := exec.Command(Busybox, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("cannot ask busybox for its commands: %w", err)
	}
	if !strings.Contains("\n"+string(applets), "\n"+p.Args[0]+"\n") {
		return nil, &container.StartError{Reason: fmt.Sprintf("exec: %q: executable file not found in $PATH", p.Args[0])}
	}
	cmd := exec.Command(Busybox, p.Args...)
	cmd.Env, cmd.Dir = p.Env, filepath.Join(c.root, p.Dir)
	cmd.Stdout, cmd.Stderr = stdio.Stdout, stdio.Stderr
	// A command's own children may hold its output a little longer.
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var in io.WriteCloser
	if stdio.Stdin != nil {
		if in, err = cmd.StdinPipe(); err != nil {
			return nil, fmt.Errorf("cannot connect input: %w", err)
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start command: %w", err)
	}
	if in != nil {
		go func() {
			_, _ = io.Copy(in, stdio.Stdin)
			in.Close()
		}()
	}
	out := &hostProcess{cmd: cmd, done: make(chan struct{})}
	go out.reap()
	return out, nil
}

type hostProcess struct {
	cmd  *exec.Cmd
	done chan struct{}
	code int
	err  error
}

func (p *hostProcess) reap() {
	defer close(p.done)
	err := p.cmd.Wait()
	// As the end of a container's first process ends all of it.
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
	case errors.As(err, &exit):
		p.code = exit.ExitCode()
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			p.code = 128 + int(status.Signal())
		}
	default:
		p.err = err
	}
}

// Pid implements container.Running.
func (p *hostProcess) Pid() int { return p.cmd.Process.Pid }

// Wait implements container.Running.
func (p *hostProcess) Wait() (int, error) {
	<-p.done
	return p.code, p.err
}

// Signal implements container.Running.
func (p *hostProcess) Signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot signal command: %w", err)
	}
	return nil
}

// Resize implements container.Running; there are no terminals here.
func (p *hostProcess) Resize(uint16, uint16) error { return nil }

// alive says whether a process of this machine runs.
func alive(pid int) bool { return pid > 0 && syscall.Kill(pid, 0) == nil }
