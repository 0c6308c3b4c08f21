package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	shared    = syscall.LOCK_SH // by who uses a checkout
	exclusive = syscall.LOCK_EX // by who makes or removes one

	lockSuffix = ".lock"
	tempPrefix = "tmp-"
)

// errBusy is returned for a lock that somebody else has.
var errBusy = errors.New("in use")

func lockName(cache, name string) string { return filepath.Join(cache, name+lockSuffix) }

// acquire takes a lock, waiting for it; it returns nil when done turns true
// meanwhile. The end of the process gives it back too.
func acquire(ctx context.Context, path string, how int, done func() bool) (*os.File, error) {
	for {
		f, err := tryLock(path, how)
		if !errors.Is(err, errBusy) {
			return f, err
		}
		if done != nil && done() {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tryLock takes a lock or returns errBusy.
func tryLock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the checkout: %w", err)
	}
	for {
		if err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		// Prune removes locks with their checkouts: this one may be of no use any more.
		var now, locked os.FileInfo
		now, err = os.Stat(path)
		if err == nil {
			locked, err = f.Stat()
		}
		if err == nil && os.SameFile(now, locked) {
			return f, nil
		}
		if err == nil || errors.Is(err, os.ErrNotExist) {
			err = syscall.EWOULDBLOCK
		}
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errBusy
	}
	return nil, fmt.Errorf("cannot lock the checkout: %w", err)
}

// unlock gives a lock back. Closing alone would not: a child that another
// goroutine has just forked holds the file open until it runs its program.
func unlock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	return errors.Join(err, f.Close())
}
