//go:build linux

package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	runc "github.com/containerd/go-runc"
	"github.com/slipway-build/slipway/engine/container"
)

// startPoll is how often a starting process is looked for.
const startPoll = 2 * time.Millisecond

// launchOptions are what one call of runc gets besides its command.
type launchOptions struct {
	io      runc.IO
	pidFile string
	started chan int
}

// runcProcess is one process that runc started and waits for.
type runcProcess struct {
	pid     int
	handle  *os.Process
	streams *streams
	// monitor is the number of the waiting runc, which passes on window sizes.
	monitor int
	done    chan struct{}
	code    int
	err     error
}

// launch calls runc and returns once the process runs. Runc writes the file with
// the process' number only then; if it ends without, its log has the reason.
// Cleanup is called, if not nil, after the process has ended or not started.
func launch(ctx context.Context, bundle string, p container.Process, stdio container.IO,
	call func(context.Context, *runc.Runc, launchOptions) error, cleanup func()) (_ *runcProcess, err error) {
	defer func() {
		if err != nil && cleanup != nil {
			cleanup()
		}
	}()
	dir, err := os.MkdirTemp(bundle, "process-")
	if err != nil {
		return nil, fmt.Errorf("cannot start container process: %w", err)
	}
	defer os.RemoveAll(dir)
	s, err := newStreams(p, stdio)
	if err != nil {
		return nil, fmt.Errorf("cannot start container process: %w", err)
	}
	log := filepath.Join(dir, "log")
	tool := &runc.Runc{Command: "runc", Log: log, LogFormat: runc.JSON, Setpgid: true, PdeathSignal: syscall.SIGKILL}
	l := launchOptions{io: s, pidFile: filepath.Join(dir, "pid"), started: make(chan int, 1)}
	ended := make(chan error, 1)
	go func() { ended <- call(context.WithoutCancel(ctx), tool, l) }()
	proc := &runcProcess{streams: s, monitor: <-l.started, done: make(chan struct{})}
	s.handedOver()
	exit, err := proc.awaitStart(l.pidFile, ended)
	if err != nil {
		s.close(false)
		return nil, startReason(log, err)
	}
	s.start()
	go proc.reap(exit, cleanup)
	return proc, nil
}

// awaitStart waits for the process' number. The returned channel has runc's end.
func (p *runcProcess) awaitStart(pidFile string, ended chan error) (<-chan error, error) {
	ticks := time.NewTicker(startPoll)
	defer ticks.Stop()
	for {
		if p.readPid(pidFile) {
			return ended, nil
		}
		select {
		case err := <-ended:
			if p.readPid(pidFile) {
				ended <- err
				return ended, nil
			}
			if err == nil {
				err = errors.New("the OCI runtime did not say which process it started")
			}
			return nil, err
		case <-ticks.C:
		}
	}
}

func (p *runcProcess) readPid(pidFile string) bool {
	data, err := os.ReadFile(pidFile)
	if err != nil {
		return false
	}
	if p.pid, err = strconv.Atoi(string(data)); err != nil {
		return false
	}
	// The handle stays this process' own when its number is used again.
	p.handle, err = os.FindProcess(p.pid)
	return err == nil
}

// reap waits for runc's end, which is the process' too.
func (p *runcProcess) reap(exit <-chan error, cleanup func()) {
	err := <-exit
	p.streams.close(true)
	var status *runc.ExitError
	switch {
	case err == nil:
	case errors.As(err, &status) && status.Status >= 0:
		p.code = status.Status
	case errors.As(err, &status):
		// Runc itself was killed; its process dies with it or is killed here.
		p.code = 128 + int(syscall.SIGKILL)
		_ = p.handle.Kill()
	default:
		p.err = fmt.Errorf("cannot wait for container process: %w", err)
	}
	if cleanup != nil {
		cleanup()
	}
	close(p.done)
}

func (p *runcProcess) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Pid implements container.Running.
func (p *runcProcess) Pid() int { return p.pid }

// Wait implements container.Running.
func (p *runcProcess) Wait() (int, error) {
	<-p.done
	return p.code, p.err
}

// Signal implements container.Running.
func (p *runcProcess) Signal(sig syscall.Signal) error {
	if p.ended() {
		return nil
	}
	if err := p.handle.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("cannot send %v to container process: %w", sig, err)
	}
	return nil
}

// Resize implements container.Running.
func (p *runcProcess) Resize(rows, cols uint16) error {
	if p.ended() || p.streams.terminal == nil {
		return nil
	}
	if err := p.streams.resize(rows, cols); err != nil {
		return err
	}
	if err := syscall.Kill(p.monitor, syscall.SIGWINCH); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("cannot resize terminal: %w", err)
	}
	return nil
}

// startReason finds runc's own last error in its log.
func startReason(log string, cause error) error {
	data, err := os.ReadFile(log)
	if err != nil {
		return fmt.Errorf("cannot start container process: %w", cause)
	}
	reason := ""
	for line := range bytes.Lines(data) { // of any length: messages quote what was to be run
		var entry struct{ Level, Msg string }
		if json.Unmarshal(line, &entry) == nil && entry.Level == "error" && strings.TrimSpace(entry.Msg) != "" {
			reason = strings.TrimSpace(entry.Msg)
		}
	}
	if reason == "" {
		return fmt.Errorf("cannot start container process: %w", cause)
	}
	for _, prefix := range []string{"runc run failed: ", "runc exec failed: ", "exec failed: ", "unable to start container process: "} {
		reason = strings.TrimPrefix(reason, prefix)
	}
	return &container.StartError{Reason: reason}
}
