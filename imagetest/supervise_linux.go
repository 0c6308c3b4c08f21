package imagetest

import (
	"encoding/json"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// killPatience is how long the processes of a test may take to die.
const killPatience = 5 * time.Second

// Supervise runs tests' commands, one after the other, and ends all that each has started, whatever
// session or parent that has by then: when the command ends, when it is told to, and when the process
// that wants the tests is gone. The result is an exit code.
//
// An orphan becomes a child of its nearest subreaper (PR_SET_CHILD_SUBREAPER in prctl(2)), which this is.
func Supervise() int {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return superviseUsage
	}
	unix.CloseOnExec(jobsFD)
	unix.CloseOnExec(reportsFD)
	// The kernel ends a command with the thread that started it, should this process be killed.
	runtime.LockOSThread()
	jobs := make(chan job)
	go func() {
		for decoder := json.NewDecoder(os.NewFile(jobsFD, "jobs")); ; {
			var j job
			if decoder.Decode(&j) != nil {
				close(jobs)
				return
			}
			jobs <- j
		}
	}()
	say := json.NewEncoder(os.NewFile(reportsFD, "reports")).Encode
	for j := range jobs {
		if j.Stop { // what it was meant for has ended
			continue
		}
		pid, err := start(j)
		if err != nil {
			_ = say(report{Ended: true, Error: err.Error()})
			continue
		}
		_ = say(report{Main: pid}) // if nobody listens any more, jobs ends, too
		r := await(pid, jobs)
		_ = say(r)
		if len(r.Left) > 0 {
			break
		}
	}
	return superviseOK
}

// start starts a command, in its control group.
func start(j job) (pid int, err error) {
	// Not by os.Open, which makes a pipe one that does not wait, for the command as well.
	out, err := syscall.Open(j.Output, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: j.Output, Err: err}
	}
	defer syscall.Close(out)
	null, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	defer syscall.Close(null)
	if j.Procs != "" {
		// A process begins in the group of its parent. Without a group, only who kills this process, too,
		// gets away.
		_ = os.WriteFile(j.Procs, []byte("0"), 0)
		defer func() { _ = os.WriteFile(outside(j.Procs), []byte("0"), 0) }()
	}
	pid, err = syscall.ForkExec(j.Program, j.Args, &syscall.ProcAttr{
		Env: j.Env, Files: []uintptr{uintptr(null), uintptr(out), uintptr(out)},
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, &os.PathError{Op: "fork/exec", Path: j.Program, Err: err}
	}
	return pid, nil
}

// outside is the file of the group above the run's: the one in which the run itself is.
func outside(procs string) string {
	dir, file := filepath.Split(procs)
	return filepath.Join(dir, "..", "..", file)
}

// await waits for the end of a command, or for the word to end it, and ends what is left. One who kills
// this process with a signal that can be caught means the command.
func await(main int, jobs <-chan job) report {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Reset()
	ended, none := make(chan syscall.WaitStatus, 1), make(chan struct{})
	go reap(main, ended, none)
	r := report{Main: main, Ended: true, Status: uint32(syscall.SIGKILL)}
	select {
	case status := <-ended:
		r.Status = uint32(status)
	case <-jobs: // Stop, or the end
	case <-signals:
	}
	end := time.After(killPatience)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		select {
		case <-none:
			return r
		case <-end:
			r.Left = pids(descendants(os.Getpid()))
			return r
		case <-time.After(wait):
			killAll(descendants(os.Getpid()))
		}
	}
}

// reap buries all children, adopted ones as well, until there are none.
func reap(main int, ended chan<- syscall.WaitStatus, none chan<- struct{}) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			close(none)
			return
		case pid == main:
			ended <- status
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
