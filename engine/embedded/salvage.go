//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/engine/embedded/boltfile"
	"github.com/slipway-build/slipway/engine/embedded/tree"
)

// damageError says that a database of the engine cannot be read.
type damageError struct{ cause error }

func (e *damageError) Error() string { return e.cause.Error() }

func (e *damageError) Unwrap() error { return e.cause }

func isDamage(err error) bool {
	for _, kind := range []error{boltfile.ErrDamaged, bolterrors.ErrInvalid, bolterrors.ErrChecksum, bolterrors.ErrVersionMismatch} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return errors.As(err, new(*damageError))
}

// unreadable makes damage of an error about a database's content. What the machine, or the caller, did not
// let happen says nothing of it.
func unreadable(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, bolterrors.ErrTimeout) {
		return err
	}
	var number unix.Errno
	if errors.As(err, &number) && number != unix.EINVAL {
		return err
	}
	return &damageError{err}
}

// recovered is what a panic while the databases are opened says. The database library's own, and a fault
// in what it has mapped, are of damage; any other is a mistake in the program.
func recovered(r any) error {
	if _, fault := r.(interface{ Addr() uintptr }); fault || fromDatabase() {
		return &damageError{fmt.Errorf("%v", r)}
	}
	return fmt.Errorf("internal error: %v\n%s", r, debug.Stack())
}

// fromDatabase tells whether the panic that is being recovered began in the database library.
func fromDatabase() bool {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	for panicked := false; ; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
		if !more {
			return false
		}
	}
}

// damagedFolder is where the last database of each name is that was set aside, for who wants to look.
func damagedFolder(root string) string { return filepath.Join(Folder(root), "damaged") }

// mend sets the databases aside that are damaged, and those that are of no use without them; new ones take
// their places. The images' names must be kept elsewhere.
func mend(root string, found damage) error {
	gone := []string{}
	for _, name := range databases() {
		if found[name] != "" || found.ill() && (slices.Contains(together, name) || name == cacheDatabase) {
			gone = append(gone, name)
		}
	}
	for _, name := range gone {
		if err := setAside(root, name, found[name] != ""); err != nil {
			return fmt.Errorf("cannot set the damaged %s aside: %w", name, err)
		}
	}
	if found.ill() {
		// Without its database nobody knows what a snapshot is.
		if err := tree.Remove(filepath.Join(Folder(root), "snapshots")); err != nil {
			return fmt.Errorf("cannot remove the build cache: %w", err)
		}
	}
	if err := makeDatabases(Folder(root)); err != nil {
		return fmt.Errorf("cannot make new databases: %w", err)
	}
	return nil
}

// setAside moves a damaged database away. One that is whole, or for which a full disk has no folder, goes.
func setAside(root, name string, keep bool) error {
	path := filepath.Join(Folder(root), name)
	if !keep {
		return tree.Remove(path)
	}
	aside := filepath.Join(damagedFolder(root), strings.ReplaceAll(name, "/", "-"))
	err := os.MkdirAll(damagedFolder(root), 0o700)
	if err == nil {
		err = tree.Remove(aside)
	}
	if err == nil {
		err = os.Rename(path, aside)
	}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return tree.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sayMended says what was lost with the databases.
func sayMended(root string, found damage, named bool, warn func(string)) {
	var parts []string
	for _, name := range databases() {
		if why := found[name]; why != "" {
			parts = append(parts, filepath.Join(Folder(root), name)+" "+why)
		}
	}
	if len(parts) == 0 {
		return
	}
	lost := "the images are kept, BuildKit's history of builds is empty"
	switch {
	case found.ill() && !named:
		lost = "the images' names were in it and are lost, the next build makes the images again"
	case found.ill() || found[cacheDatabase] != "":
		lost = "the images are kept, the build cache is empty"
	}
	warn(fmt.Sprintf("a database of the engine was damaged or lost: %s; %s", strings.Join(parts, ", "), lost))
}
