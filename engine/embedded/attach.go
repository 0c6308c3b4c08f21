//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	ctdmetadata "github.com/containerd/containerd/v2/core/metadata"
	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/engine/embedded/boltfile"
	"github.com/slipway-build/slipway/problem"
)

// indexTimeout bounds how long Index waits at a time for the image database's file lock.
const indexTimeout = 50 * time.Millisecond

// indexPatience bounds how long Index waits for a process that cannot be asked:
// longer than one takes to stop.
const indexPatience = 3 * stopGrace

// attach connects to the process that holds root, for as long as it does. The error is ErrNotRunning
// when there is none.
func attach(ctx context.Context, root string) (*Attachment, error) {
	return Follow(ctx, Options{Root: root})
}

// Index lists the images under root without starting an engine, in a few
// milliseconds; while another process holds the root, that one is asked. One
// that is just starting or ending is waited for, indexPatience at most. An empty
// or missing root has no images.
func Index(ctx context.Context, root string) ([]images.Image, error) {
	for end := time.Now().Add(indexPatience); ; {
		list, err := readIndex(ctx, root)
		if !errors.Is(err, bolt.ErrTimeout) {
			return list, err
		}
		list, err = askIndex(ctx, root)
		if err == nil || ctx.Err() != nil || time.Now().After(end) {
			return list, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(indexTimeout):
		}
	}
}

// readIndex reads the images from the database. The error is bolt.ErrTimeout
// when another process holds it.
func readIndex(ctx context.Context, root string) (_ []images.Image, err error) {
	// The database library panics on a damaged file, or faults on a truncated one.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = problem.With(fmt.Errorf("cannot read %s: %v", metaPath(root), r), "if the file is damaged, remove the folder it is in; the images are built again")
		}
	}()
	if _, err := os.Stat(metaPath(root)); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err := boltfile.Check(metaPath(root)); errors.Is(err, boltfile.ErrDamaged) {
		return nil, whileWritten(metaPath(root)) // nothing is known; the next start makes it anew
	}
	db, err := bolt.Open(metaPath(root), 0o600, &bolt.Options{ReadOnly: true, Timeout: indexTimeout})
	if err != nil {
		return nil, fmt.Errorf("cannot open image database: %w", err)
	}
	defer db.Close()
	store := boundImages{ctdmetadata.NewImageStore(ctdmetadata.NewDB(db, nil, nil))}
	list, err := store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list images: %w", err)
	}
	return list, nil
}

// whileWritten is bolt.ErrTimeout while another process has the database open for writing.
func whileWritten(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot open image database: %w", err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return bolt.ErrTimeout
	}
	return nil
}

// askIndex asks the process that holds the root.
func askIndex(ctx context.Context, root string) ([]images.Image, error) {
	a, err := attach(ctx, root)
	if err != nil {
		return nil, &BusyError{Root: root, Holder: readHolder(root)}
	}
	defer a.Close()
	list, err := a.Services().Images.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list images of the running engine: %w", err)
	}
	return list, nil
}
