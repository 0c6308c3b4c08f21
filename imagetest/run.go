package imagetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Run executes the test. Its process group is killed when ctx or the time ends.
func (t Test) Run(ctx context.Context, dir, ref string, out io.Writer) error {
	program, err := lookPath(t.Command, t.Env)
	if err != nil {
		return fmt.Errorf("cannot find verify_command %q: %w", t.Command, err)
	}
	args := make([]string, len(t.Args))
	for i, a := range t.Args {
		args[i] = Fill(a, dir, ref)
	}
	hung := errors.New("time is up")
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.Timeout, hung)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Args[0] = t.Command
	cmd.Env = t.Env
	cmd.Stdout, cmd.Stderr = out, out
	attr, release := ownGroup()
	defer release()
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if cmd.Process != nil {
		// What the test left in the background ends with it, and is no failure.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	line := strings.Join(append([]string{t.Command}, args...), " ")
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), hung):
		return fmt.Errorf("%q did not end within %s\nhint: verify_timeout in the configuration sets the limit", line, t.Timeout)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("%q: %w", line, err)
}

// lookPath finds a command on the PATH of env, not on this process's own.
func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
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
