//go:build linux

package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// acquire takes the exclusive lock of root, waiting if told how to say so. The
// lock is unclean when its last holder did not release it, or left something for the next.
func acquire(ctx context.Context, root string, wait func(Holder)) (f *os.File, unclean bool, err error) {
	f, err = os.OpenFile(lockPath(root), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("cannot open engine lock: %w", err)
	}
	said := false
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, false, fmt.Errorf("cannot lock engine root %s: %w", root, err)
		}
		if wait == nil {
			holder := readHolder(root)
			f.Close()
			return nil, false, &BusyError{Root: root, Holder: holder}
		}
		if !said {
			said = true
			wait(readHolder(root))
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, false, fmt.Errorf("cannot wait for engine root %s: %w", root, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
	unclean = readHolder(root).PID != 0
	if err := writeHolder(f); err != nil {
		f.Close()
		return nil, false, err
	}
	return f, unclean, nil
}

// release gives the lock back. Unless something was left behind, it says so.
func release(f *os.File, unclean bool) error {
	if unclean {
		return f.Close()
	}
	return errors.Join(f.Truncate(0), f.Close())
}

func writeHolder(f *os.File) error {
	h := Holder{PID: os.Getpid(), Command: commandLine(), Since: time.Now().UTC()}
	data, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("internal error: cannot encode lock holder: %w", err)
	}
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("cannot write engine lock: %w", err)
	}
	// The lock holds without a name, and a full disk is what the holder may be about to mend.
	if _, err := f.WriteAt(append(data, '\n'), 0); err != nil && !errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("cannot write engine lock: %w", err)
	}
	return nil
}

// readHolder is for messages only: an unreadable file is an unknown holder.
func readHolder(root string) Holder {
	var h Holder
	data, err := os.ReadFile(lockPath(root))
	if err != nil || json.Unmarshal(data, &h) != nil {
		return Holder{}
	}
	return h
}

// commandLine is this process's own, from the kernel: only cmd may read os.Args.
func commandLine() string {
	data, err := os.ReadFile("/proc/self/cmdline")
	if err != nil {
		return "unknown command"
	}
	fields := strings.Split(strings.TrimRight(string(data), "\x00"), "\x00")
	return strings.Join(fields, " ")
}
