package imagetest

import (
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// killPatience is how long the processes of a test may take to die.
const killPatience = 5 * time.Second

// Supervise runs a test's command, of which args say what is to be done, and ends all that it has
// started, whatever session or parent that has by then: when the command ends, and when the process
// that wants the test lets go of it, or dies. The result is an exit code.
//
// An orphan becomes a child of its nearest subreaper (PR_SET_CHILD_SUBREAPER in prctl(2)), which this is.
func Supervise(args []string) int {
	if len(args) < 3 {
		return superviseUsage
	}
	unix.CloseOnExec(leashFD)
	unix.CloseOnExec(reportFD)
	leash, out := os.NewFile(leashFD, "leash"), os.NewFile(reportFD, "report")
	defer out.Close()
	if args[0] != "" {
		// Without a control group only who kills this process, too, gets away.
		_ = os.WriteFile(args[0], []byte("0"), 0)
	}
	s := &supervisor{let: make(chan struct{}), ended: make(chan syscall.WaitStatus, 1), none: make(chan struct{})}
	say := json.NewEncoder(out).Encode // if nobody listens any more, nobody wants to know
	r := report{}
	if err := s.start(args[1], args[2:]); err != nil {
		r.Error = err.Error()
	} else {
		_ = say(report{Main: s.main})
		r = s.await(leash)
	}
	_ = say(r)
	return superviseOK
}

// supervisor is one test's.
type supervisor struct {
	main  int
	let   chan struct{}           // closed when the test must end
	ended chan syscall.WaitStatus // how the command ended
	none  chan struct{}           // closed when no process is left
}

// start starts the command. The kernel ends it with the thread that did so, should this process be
// killed.
func (s *supervisor) start(program string, args []string) error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	runtime.LockOSThread()
	var err error
	s.main, err = syscall.ForkExec(program, args, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return &os.PathError{Op: "fork/exec", Path: program, Err: err}
	}
	return nil
}

// watch closes let when the leash or a signal says so.
func (s *supervisor) watch(leash *os.File) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	gone := make(chan struct{})
	go func() {
		_, _ = leash.Read(make([]byte, 1))
		close(gone)
	}()
	select {
	case <-gone:
	case <-signals:
	}
	close(s.let)
}

// reap buries all children, adopted ones as well, until there are none.
func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			close(s.none)
			return
		case pid == s.main:
			s.ended <- status
		}
	}
}

// await waits for the end of the command, and ends what is left.
func (s *supervisor) await(leash *os.File) report {
	go s.watch(leash)
	go s.reap()
	r := report{Main: s.main, Ended: true, Status: uint32(syscall.SIGKILL)}
	select {
	case status := <-s.ended:
		r.Status = uint32(status)
	case <-s.let:
	}
	end := time.After(killPatience)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		select {
		case <-s.none:
			return r
		case <-end:
			r.Left = pids(descendants(os.Getpid()))
			return r
		case <-time.After(wait):
			killAll(descendants(os.Getpid()))
		}
	}
}

// killAll kills processes, unless a number means another one by now.
func killAll(list []process) {
	for _, p := range list {
		handle, err := os.FindProcess(p.pid) // stays this process' own
		if err != nil {
			continue
		}
		if now, err := readProcess(p.pid); err == nil && now.start == p.start {
			_ = handle.Kill()
		}
		_ = handle.Release()
	}
}

func pids(list []process) []int {
	var out []int
	for _, p := range list {
		out = append(out, p.pid)
	}
	slices.Sort(out)
	return out
}
