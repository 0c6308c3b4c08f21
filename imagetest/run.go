package imagetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-build/slipway/problem"
)

// outputPatience is how long output is waited for that a process may hold which could not be ended.
const outputPatience = time.Second

// Run executes the test. All that it has started ends with it, and at the latest when ctx or its time
// ends; what it left in the background is no failure.
func (b *Box) Run(ctx context.Context, t Test, dir, ref string, out io.Writer) error {
	program, err := lookPath(t.Command, b.env)
	if err != nil {
		return fmt.Errorf("cannot find verify_command %q: %w", t.Command, err)
	}
	args := t.commandLine(dir, ref)
	hung := errors.New("time is up")
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.Timeout, hung)
		defer cancel()
	}
	if b.sandbox.Supervisor == "" {
		err = b.alone(ctx, program, args, out)
	} else {
		err = b.supervised(ctx, program, args, out)
	}
	line := strings.Join(args, " ")
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), hung):
		return problem.With(fmt.Errorf("%q did not end within %s", line, t.Timeout), "verify_timeout in the configuration sets the limit")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("%q: %w", line, err)
}

// alone runs a command in a process group of its own, which is killed in the end.
func (b *Box) alone(ctx context.Context, program string, args []string, out io.Writer) error {
	cmd := exec.CommandContext(ctx, program)
	cmd.Args = args
	cmd.Env = b.env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// supervised runs a command under a supervisor.
func (b *Box) supervised(ctx context.Context, program string, args []string, out io.Writer) error {
	output, printed, err := copyOutput(out)
	if err != nil {
		return err
	}
	j := job{Output: fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), output.Fd()), Program: program, Args: args, Env: b.env}
	if b.group != nil {
		j.Procs = b.group.Procs()
	}
	if j.Env == nil {
		j.Env = os.Environ()
	}
	r, err := b.sandbox.supervise(ctx, j, func() { output.Close() })
	output.Close()
	if b.group != nil {
		if err := b.group.End(); err != nil {
			b.tell(fmt.Errorf("cannot end the processes of a test: %w", err))
		}
	} else if len(r.Left) > 0 {
		b.tell(fmt.Errorf("cannot end processes %v of a test", r.Left))
	}
	printed()
	switch {
	case err != nil:
		return err
	case r.Error != "":
		return errors.New(r.Error)
	}
	return statusError(syscall.WaitStatus(r.Status))
}

// copyOutput makes a pipe to out. Printed waits for what is still on its way, not for who else holds it.
func copyOutput(out io.Writer) (to *os.File, printed func(), err error) {
	from, to, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(out, from)
		close(done)
	}()
	return to, func() {
		select {
		case <-done:
		case <-time.After(outputPatience):
		}
		from.Close()
		<-done
	}, nil
}

// statusError is the error of a command in the words of os.ProcessState, nil for success.
func statusError(status syscall.WaitStatus) error {
	switch {
	case status.Signaled() && status.CoreDump():
		return fmt.Errorf("signal: %v (core dumped)", status.Signal())
	case status.Signaled():
		return fmt.Errorf("signal: %v", status.Signal())
	case status.ExitStatus() != 0:
		return fmt.Errorf("exit status %d", status.ExitStatus())
	}
	return nil
}

// lookPath finds a command on the PATH of env, not on this process's own.
func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	if env == nil {
		return exec.LookPath(name)
	}
	for _, kv := range env {
		list, ok := strings.CutPrefix(kv, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range strings.Split(list, ":") {
			if p, err := exec.LookPath(dir + "/" + name); dir != "" && err == nil {
				return p, nil
			}
		}
	}
	return "", exec.ErrNotFound
}
