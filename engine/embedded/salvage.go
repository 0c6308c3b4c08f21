//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolterrors "go.etcd.io/bbolt/errors"
)

// damageError says that a database of the engine cannot be read.
type damageError struct{ cause error }

func (e *damageError) Error() string { return e.cause.Error() }

func (e *damageError) Unwrap() error { return e.cause }

func isDamage(err error) bool {
	return errors.As(err, new(*damageError)) || errors.Is(err, bolterrors.ErrInvalid) ||
		errors.Is(err, bolterrors.ErrChecksum) || errors.Is(err, bolterrors.ErrVersionMismatch)
}

// derived is what an engine's folder holds beside blobs and names: it can be made anew, or is build
// cache. The parts know of each other, so one of them that is lost makes the others useless.
var derived = []string{"containerdmeta.db", "metadata_v2.db", "cache.db", "snapshots"}

// lost tells whether the images' database is gone while other parts remain.
func lost(root string) bool {
	there := func(name string) bool {
		_, err := os.Lstat(filepath.Join(Folder(root), name))
		return err == nil
	}
	return !there("containerdmeta.db") && (there("metadata_v2.db") || there("snapshots"))
}

// discard removes what is derived. The images' names must be kept elsewhere.
func discard(root string) error {
	dir, err := os.MkdirTemp(TempDir(root), "discarded-") // removed by the next start if not by this one
	if err != nil {
		return fmt.Errorf("cannot set the damaged databases aside: %w", err)
	}
	for _, name := range derived {
		err := os.Rename(filepath.Join(Folder(root), name), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("cannot set the damaged databases aside: %w", err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("cannot remove the damaged databases: %w", err)
	}
	return nil
}
