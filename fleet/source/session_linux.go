package source

import (
	"runtime"
	"syscall"
)

// ownSession gives a child a session of its own, which ends when this process
// is killed. The kernel means the thread that started it (prctl(2),
// PR_SET_PDEATHSIG), so the caller keeps its thread until release.
func ownSession() (attr *syscall.SysProcAttr, release func()) {
	runtime.LockOSThread()
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}, runtime.UnlockOSThread
}
