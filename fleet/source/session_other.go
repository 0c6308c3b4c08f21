//go:build !linux

package source

import "syscall"

// ownSession gives a child a session of its own.
func ownSession() (attr *syscall.SysProcAttr, release func()) {
	return &syscall.SysProcAttr{Setsid: true}, func() {}
}
