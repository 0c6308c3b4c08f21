//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mountBundles keeps the bundles of containers in memory: the description of a step's container has the
// secrets that the step finds in variables, and the proxy's password. What a killed process leaves there,
// repair takes away.
func mountBundles(root string) error {
	dir := executorDir(root)
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fmt.Errorf("cannot make a folder for containers: %w", err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0711"); err != nil {
		return fmt.Errorf("cannot mount a file system in memory for containers on %s: %w", dir, err)
	}
	return nil
}

// unmountBundles takes it away. A container that cannot be ended may still hold it.
func unmountBundles(root string) error {
	err := unix.Unmount(executorDir(root), unix.MNT_DETACH)
	if err == nil || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) { // it never came to that
		return nil
	}
	return fmt.Errorf("cannot unmount %s: %w", executorDir(root), err)
}

// Killed tells whether the last process that had the root was killed, and no other has it now: what it left
// of its mounts and containers is there until the next one takes it.
func Killed(root string) bool {
	f, err := os.Open(lockPath(root))
	if err != nil {
		return false
	}
	defer f.Close() // read only, and with it the lock ends
	return unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil && readHolder(root).PID != 0
}
