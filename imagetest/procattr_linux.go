package imagetest

import (
	"runtime"
	"syscall"
)

// ownGroup puts a test into a process group of its own, which ends when this
// process is killed. The kernel means the thread that started it (prctl(2),
// PR_SET_PDEATHSIG), so the caller keeps its thread until release.
func ownGroup() (attr *syscall.SysProcAttr, release func()) {
	runtime.LockOSThread()
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}, runtime.UnlockOSThread
}
