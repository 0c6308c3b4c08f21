package registrytest

import "syscall"

// dieWithParent ends a server also when the test is killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
