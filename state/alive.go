package state

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// Alive tells whether the run's process exists. This process is none of the runs that the state knows
// from before. Where the system shows a command line, another program that got the number since is told
// from the run's.
func (r Run) Alive() bool {
	if r.PID == os.Getpid() { // in a container every run may have the same
		return false
	}
	if err := syscall.Kill(r.PID, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", r.PID))
	if err != nil {
		return true
	}
	_, args, _ := strings.Cut(strings.TrimSuffix(string(data), "\x00"), "\x00")
	return strings.HasSuffix(r.Command, " "+strings.ReplaceAll(args, "\x00", " "))
}
