//go:build !linux

package imagetest

import "syscall"

// ownGroup puts a test into a process group of its own.
func ownGroup() (attr *syscall.SysProcAttr, release func()) {
	return &syscall.SysProcAttr{Setpgid: true}, func() {}
}
