package imagetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// endPatience is how long a supervisor may take to end its test.
	endPatience = 10 * time.Second
	// outputPatience is how long output is waited for that a process may hold which could not be ended.
	outputPatience = time.Second
)

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
		return fmt.Errorf("%q did not end within %s\nhint: verify_timeout in the configuration sets the limit", line, t.Timeout)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("%q: %w", line, err)
}

// alone runs a command in a process group of its own, which is killed in the end.
func (b *Box) alone(ctx context.Context, program string, args []string, out io.Writer) error {
	cmd := b.command(ctx, program, args, out)
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

func (b *Box) command(ctx context.Context, program string, args []string, out io.Writer) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program)
	cmd.Args = args
	cmd.Env = b.env
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// supervised runs a command under a supervisor. The pipe that is its leash ends with this process,
// however that ends, and everything with the leash.
func (b *Box) supervised(ctx context.Context, program string, args []string, out io.Writer) error {
	leash, hold, err := os.Pipe()
	if err != nil {
		return err
	}
	defer hold.Close()
	said, report, err := os.Pipe()
	if err != nil {
		return errors.Join(err, leash.Close())
	}
	defer said.Close()
	procs := ""
	if b.group != nil {
		procs = b.group.Procs()
	}
	output, printed, err := copyOutput(out)
	if err != nil {
		return errors.Join(err, leash.Close(), report.Close())
	}
	cmd := b.command(ctx, b.sandbox.Supervisor, supervisorArgs(procs, program, args), output)
	cmd.ExtraFiles = []*os.File{leash, report} // leashFD, reportFD
	cmd.Cancel = hold.Close
	cmd.WaitDelay = endPatience
	err = cmd.Start()
	for _, f := range []*os.File{leash, report, output} {
		f.Close()
	}
	if err != nil {
		return err
	}
	r, err := readReport(said), cmd.Wait()
	err = b.judge(r, err)
	printed()
	return err
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

// judge is how the test's command ended, by its supervisor's report and how that one itself ended.
func (b *Box) judge(r report, ended error) error {
	if b.group != nil {
		if err := b.group.End(); err != nil {
			b.tell(fmt.Errorf("cannot end the processes of a test: %w", err))
		}
	} else if len(r.Left) > 0 {
		b.tell(fmt.Errorf("cannot end processes %v of a test", r.Left))
	}
	switch {
	case r.Error != "":
		return errors.New(r.Error)
	case r.Ended:
		return statusError(syscall.WaitStatus(r.Status))
	}
	if r.Main > 1 {
		_ = syscall.Kill(-r.Main, syscall.SIGKILL)
	}
	return fmt.Errorf("the supervisor of the test was ended: %w", cmp.Or(ended, errors.New("it said nothing")))
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
