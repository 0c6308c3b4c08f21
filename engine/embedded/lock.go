//go:build linux

package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/problem"
)

// rootLock is the exclusive lock of a root, held.
type rootLock struct {
	*os.File
	// unclean says that the last holder did not release it, or left something for the next.
	unclean bool
	// released is when the last holder wrote the file for the last time, in nanoseconds since 1970.
	released int64
}

// acquire takes the lock of root, waiting if told how to say so.
func acquire(ctx context.Context, root string, wait func(Holder)) (*rootLock, error) {
	f, err := os.OpenFile(lockPath(root), os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		err = problem.With(err, "the engine writes there, also when images are only looked at: name a folder that can be written with --root or SLIPWAY_ROOT")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open engine lock: %w", err)
	}
	if err := lockFile(ctx, f, root, wait); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	l := &rootLock{File: f, unclean: readHolder(root).PID != 0}
	if l.released, err = modified(f); err == nil {
		err = writeHolder(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

func modified(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("cannot look at the engine lock: %w", err)
	}
	return info.ModTime().UnixNano(), nil
}

func lockFile(ctx context.Context, f *os.File, root string, wait func(Holder)) error {
	said := false
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("cannot lock engine root %s: %w", root, err)
		}
		if wait == nil {
			return &BusyError{Root: root, Holder: readHolder(root)}
		}
		if !said {
			said = true
			wait(readHolder(root))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot wait for engine root %s: %w", root, context.Cause(ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// release gives the lock back. Unless something was left behind, it says so; and it calls last while the
// root is still held, with the time that the next holder finds.
func (l *rootLock) release(unclean bool, last func(released int64)) error {
	var err error
	if !unclean {
		err = l.Truncate(0)
	}
	if err == nil {
		var released int64
		if released, err = modified(l.File); err == nil {
			last(released)
		}
	}
	return errors.Join(err, l.Close())
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
