package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many symbolic links are followed, as the kernel has it.
const maxLinks = 40

// destination is where a file that a person named is to be written. A symbolic link stays, and its
// target is written. What exists and is no regular file (a device, a pipe) is written into, as are this
// process's open files, such as /dev/stdout; others can be replaced as a whole.
func destination(path string) (target string, replace bool, err error) {
	target = path
	for range maxLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(target))
		if err != nil {
			return "", false, err
		}
		target = filepath.Join(dir, filepath.Base(target))
		info, err := os.Lstat(target)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return target, true, nil
		case err != nil:
			return "", false, err
		case info.IsDir():
			return "", false, fmt.Errorf("%s is a directory", path)
		case strings.HasPrefix(target, "/proc/"), strings.HasPrefix(target, "/dev/fd/"): // links there are no paths
			return target, false, nil
		case info.Mode()&fs.ModeSymlink == 0:
			return target, info.Mode().IsRegular(), nil
		}
		next, err := os.Readlink(target)
		if err != nil {
			return "", false, err
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(dir, next)
		}
		target = next
	}
	return "", false, fmt.Errorf("%s leads through too many symbolic links", path)
}

// checkFile finds out before long work what would keep writeFile from writing its result.
func checkFile(path string) error {
	target, replace, err := destination(path)
	if err != nil || !replace {
		return err
	}
	t, err := newDraft(target, openUnnamed)
	if err != nil {
		return err
	}
	return t.close()
}

// removeOld removes a file that writeFile would replace.
func removeOld(path string) error {
	target, replace, err := destination(path)
	if err != nil || !replace {
		return err
	}
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writeFile makes the file appear whole, or writes into what can only be written into: see
// destination.
func writeFile(path string, write func(io.Writer) error) error {
	target, replace, err := destination(path)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if replace {
		return replaceFile(target, write)
	}
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	err = write(f)
	if closing := f.Close(); err == nil && closing != nil {
		err = fmt.Errorf("cannot write %s: %w", path, closing)
	}
	return err
}

// replaceFile writes a file that has the place's name in the end, synced and whole.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	t, err := newDraft(path, openUnnamed)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := write(t.file); err != nil {
		return err
	}
	if err := t.file.Chmod(0o644); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := t.file.Sync(); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := t.place(path); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}
