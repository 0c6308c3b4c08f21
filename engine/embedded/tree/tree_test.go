//go:build linux

package tree_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/continuity/fs"
	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/engine/embedded/tree"
	"github.com/slipway-build/slipway/internal/enginetest"
)

// deep makes a chain of folders, each in the one before, with a file in the last.
func deep(t *testing.T, top, name string, levels int) {
	t.Helper()
	fd, err := unix.Open(top, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	for range levels {
		if err == nil {
			err = unix.Mkdirat(fd, name, 0o700)
		}
		next := -1
		if err == nil {
			next, err = unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		}
		unix.Close(fd)
		fd = next
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	file, err := unix.Openat(fd, "file", unix.O_CREAT|unix.O_WRONLY, 0o600)
	if err == nil {
		_, err = unix.Write(file, make([]byte, 10000))
		unix.Close(file)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDeep: neither the length of a path nor the number of open files bounds the depth.
func TestDeep(t *testing.T) {
	for name, levels := range map[string]int{strings.Repeat("a", 255): 40, "b": 3000} {
		top := filepath.Join(t.TempDir(), "top")
		if err := os.Mkdir(top, 0o700); err != nil {
			t.Fatal(err)
		}
		deep(t, top, name, levels)
		defer limitFiles(t, 64)()
		u, err := tree.Measure(t.Context(), top)
		if err != nil || u.Inodes != int64(levels+2) || u.Size < 10000 {
			t.Errorf("%d levels: %+v, %v", levels, u, err)
		}
		if err := tree.Remove(top); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(top); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it is still there: %v", err)
		}
	}
}

// limitFiles bounds the number of open files until the returned function is called.
func limitFiles(t *testing.T, n uint64) func() {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	return func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &before) }
}

// TestMeasure: what is measured is what containerd measures.
func TestMeasure(t *testing.T) {
	top := t.TempDir()
	write := func(name string, size int) {
		path := filepath.Join(top, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, make([]byte, size), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("a/b/c", 5000)
	write("a/d", 0)
	write("e", 70000)
	err := errors.Join(os.Link(filepath.Join(top, "e"), filepath.Join(top, "a", "e")), os.Symlink("a", filepath.Join(top, "link")),
		os.Symlink("/", filepath.Join(top, "a", "root")), unix.Mkfifo(filepath.Join(top, "fifo"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "a", "e", "link"} {
		path := filepath.Join(top, name)
		want, err := fs.DiskUsage(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if u, err := tree.Measure(t.Context(), path); err != nil || u != tree.Usage(want) {
			t.Errorf("%s: %+v, %v, want %+v", name, u, err, want)
		}
	}
	if _, err := tree.Measure(t.Context(), filepath.Join(top, "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

// TestRemove: links are removed, not what they lead to; what is not there is no error.
func TestRemove(t *testing.T) {
	outside := t.TempDir()
	top := filepath.Join(t.TempDir(), "top")
	err := errors.Join(os.MkdirAll(filepath.Join(top, "a"), 0o700), os.WriteFile(filepath.Join(outside, "stays"), nil, 0o600),
		os.Symlink(outside, filepath.Join(top, "a", "link")), os.Symlink(outside, filepath.Join(top, "link")))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := tree.Remove(top); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat(top); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(outside, "stays")); err != nil {
		t.Error(err)
	}
}

// TestRemoveGoesOn: what cannot be removed is named, and all else goes.
func TestRemoveGoesOn(t *testing.T) {
	enginetest.Need(t)
	top := t.TempDir()
	stuck := filepath.Join(top, "b", "stuck")
	for _, name := range []string{"a/file", "b/file", "c/file"} {
		path := filepath.Join(top, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(stuck, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", stuck, "tmpfs", 0, "size=4k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(stuck, unix.MNT_DETACH) })
	err := tree.Remove(top)
	if err == nil || !strings.Contains(err.Error(), "b/stuck") {
		t.Errorf("error is %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(top, "*"))
	if len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}
