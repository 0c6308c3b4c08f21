//go:build linux

// Package tree measures and removes folders of any depth.
//
// A step of a build can make a path that is longer than the kernel takes (PATH_MAX), or nested deeper than
// a process may have files open. So nothing here is reached by its path: the walk goes down from
// descriptor to descriptor, back by "..", and holds two of them at a time.
package tree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Usage is what a folder takes on disk.
type Usage struct {
	Inodes int64
	Size   int64 // bytes of all blocks
}

// blockSize is the unit of st_blocks, see stat(2).
const blockSize = 512

// Measure measures the folder at path and all that is in it; what has several names counts once. With an
// error, the usage is of what could be measured.
func Measure(ctx context.Context, path string) (Usage, error) {
	type inode struct{ dev, ino uint64 }
	seen := map[inode]bool{}
	var u Usage
	count := func(st *unix.Stat_t) {
		if key := (inode{uint64(st.Dev), st.Ino}); !seen[key] {
			seen[key] = true
			u.Size += st.Blocks * blockSize
			u.Inodes++
		}
	}
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return u, fmt.Errorf("cannot measure %s: %w", path, err)
	}
	count(&st)
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return u, nil
	}
	err := walk(ctx.Err, path, func(fd int, name string) (bool, error) {
		var st unix.Stat_t
		if err := unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return false, err
		}
		count(&st)
		return st.Mode&unix.S_IFMT == unix.S_IFDIR, nil
	}, nil)
	if err != nil {
		return u, fmt.Errorf("cannot measure %s: %w", path, err)
	}
	return u, nil
}

// Remove removes what is at path, with all that is in it. It is idempotent: what is not there is removed.
// With an error, what could be removed is.
func Remove(path string) error {
	err := unix.Unlink(path)
	if err == nil || err == unix.ENOENT {
		return nil
	}
	if err != unix.EISDIR && err != unix.EPERM {
		return fmt.Errorf("cannot remove %s: %w", path, err)
	}
	err = walk(nil, path, func(fd int, name string) (bool, error) {
		err := unix.Unlinkat(fd, name, 0)
		if err == unix.EISDIR || err == unix.EPERM { // the second is what POSIX says of folders
			return isFolder(fd, name), nil
		}
		return false, ignoreMissing(err)
	}, func(fd int, name string) error {
		return ignoreMissing(unix.Unlinkat(fd, name, unix.AT_REMOVEDIR))
	})
	if err == nil || errors.Is(err, unix.ENOENT) {
		err = ignoreMissing(unix.Rmdir(path))
	}
	if err != nil {
		return fmt.Errorf("cannot remove %s: %w", path, err)
	}
	return nil
}

func isFolder(fd int, name string) bool {
	var st unix.Stat_t
	return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR
}

func ignoreMissing(err error) error {
	if err == unix.ENOENT {
		return nil
	}
	return err
}

// level is a folder on the way from the top to where the walk is.
type level struct {
	name     string   // in the one above
	folders  []string // that are still to be entered
	dev, ino uint64
}

// walker is a walk on its way.
type walker struct {
	fd    int // of the last level
	way   []level
	first error // the first of what could not be done
}

// walk calls entry for each name in each folder below path, which tells whether to go into it, and leave,
// unless it is nil, for each folder that it went into, afterwards. A failure at one name does not keep it
// from the others; the first is returned. An error of stop, unless that is nil, ends the walk.
func walk(stop func() error, path string, entry func(fd int, name string) (bool, error), leave func(fd int, name string) error) error {
	fd, err := openFolder(unix.AT_FDCWD, path)
	if err != nil {
		return err
	}
	w := &walker{fd: fd}
	defer func() { unix.Close(w.fd) }()
	if err := w.enter("", entry); err != nil {
		return err
	}
	for {
		if stop != nil {
			if err := stop(); err != nil {
				return err
			}
		}
		last := &w.way[len(w.way)-1]
		if n := len(last.folders); n > 0 {
			name := last.folders[n-1]
			last.folders = last.folders[:n-1]
			w.note(name, w.down(name, entry))
			continue
		}
		if len(w.way) == 1 {
			return w.first
		}
		name := last.name
		if err := w.up(); err != nil {
			return err
		}
		if leave != nil {
			w.note(name, leave(w.fd, name))
		}
	}
}

func (w *walker) note(name string, err error) {
	if err != nil && w.first == nil {
		w.first = fmt.Errorf("%s: %w", w.place(name), err)
	}
}

// place names a file for people, who need not see all of a way that is too long for the kernel.
func (w *walker) place(name string) string {
	const shown = 3
	var names []string
	for i, l := range w.way[1:] {
		if i == shown {
			names = append(names, "...")
			break
		}
		names = append(names, l.name)
	}
	return strings.Join(append(names, name), "/")
}

func openFolder(at int, name string) (int, error) {
	for {
		fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// down goes into a folder.
func (w *walker) down(name string, entry func(int, string) (bool, error)) error {
	fd, err := openFolder(w.fd, name)
	if err != nil {
		return err
	}
	unix.Close(w.fd)
	w.fd = fd
	return w.enter(name, entry)
}

// enter looks at all names of the folder that was opened.
func (w *walker) enter(name string, entry func(int, string) (bool, error)) error {
	var st unix.Stat_t
	err := unix.Fstat(w.fd, &st)
	w.way = append(w.way, level{name: name, dev: uint64(st.Dev), ino: st.Ino})
	if err != nil {
		return err
	}
	last := &w.way[len(w.way)-1]
	names, err := readNames(w.fd)
	for _, n := range names {
		folder, err := entry(w.fd, n)
		if folder {
			last.folders = append(last.folders, n)
		}
		w.note(n, err)
	}
	return err
}

// readNames lists a folder through a second descriptor, which os.File closes.
func readNames(fd int) ([]string, error) {
	own, err := openFolder(fd, ".")
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(own), "folder")
	defer f.Close()
	return f.Readdirnames(-1)
}

// up goes back to the folder above, which must be the one that the walk came from.
func (w *walker) up() error {
	fd, err := openFolder(w.fd, "..")
	if err != nil {
		return err
	}
	unix.Close(w.fd)
	w.fd = fd
	w.way = w.way[:len(w.way)-1]
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if last := w.way[len(w.way)-1]; st.Ino != last.ino || uint64(st.Dev) != last.dev {
		return errors.New("a folder was moved meanwhile")
	}
	return nil
}
