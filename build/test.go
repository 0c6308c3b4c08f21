package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/google/shlex"
)

// Test is the command that verifies images, as docker-pkg's verify_command and
// verify_args say it: "{path}" stands for the image's folder, "{image}" for its
// full reference.
type Test struct {
	Command string
	Args    []string
	// Timeout ends a test that hangs; zero sets none.
	Timeout time.Duration
	// Env is the whole environment of the command.
	Env []string
}

// script is the same with another script than test.sh.
func (t Test) script(name string) Test {
	t.Command, t.Args = "/bin/bash", []string{"-c", `"$0" "$1"`, "{path}/" + name, "{image}"}
	return t
}

// applies tells whether an image has a test: a file that an argument names with
// {path} and that does not exist means it has none.
func (t Test) applies(dir string) (bool, error) {
	for _, arg := range t.Args {
		words, err := shlex.Split(arg)
		if err != nil {
			return false, fmt.Errorf("cannot read verify_args %q: %w", arg, err)
		}
		for _, w := range words {
			if !strings.Contains(w, "{path}") {
				continue
			}
			_, err := os.Stat(fill(w, dir, ""))
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			if err != nil {
				return false, fmt.Errorf("cannot look for the test: %w", err)
			}
		}
	}
	return true, nil
}

// run executes the test. Its process group is killed when ctx or the time ends.
func (t Test) run(ctx context.Context, dir, ref string, out io.Writer) error {
	program, err := lookPath(t.Command, t.Env)
	if err != nil {
		return fmt.Errorf("cannot find verify_command %q: %w", t.Command, err)
	}
	args := make([]string, len(t.Args))
	for i, a := range t.Args {
		args[i] = fill(a, dir, ref)
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

// fill replaces the two fields the way Python's str.format does, doubled braces included.
func fill(s, dir, ref string) string {
	return strings.NewReplacer("{path}", dir, "{image}", ref, "{{", "{", "}}", "}").Replace(s)
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
