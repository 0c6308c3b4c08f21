package cli

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// draftMark is in the names of files that are not whole yet, before a number.
const draftMark = ".slipway-draft-"

// draft is a file on its way to a place in its folder. It has no name where the file system knows such
// files, so nothing is left of it when this process is killed. Else it is locked as long as the
// process lives, and the next one to write in that folder removes it.
type draft struct {
	file *os.File
	dir  string
	base string
	name string // empty without one
}

// newDraft opens a draft for a place; unnamed opens a file without a name, or returns nil.
func newDraft(path string, unnamed func(dir string) *os.File) (*draft, error) {
	d := &draft{dir: filepath.Dir(path), base: filepath.Base(path)}
	removeDrafts(d.dir)
	if d.file = unnamed(d.dir); d.file != nil {
		return d, nil
	}
	for {
		name := d.freeName()
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		busy := errors.Is(lockDraft(f), syscall.EWOULDBLOCK)
		if !busy && isAt(f, name) { // nobody has taken it for a dead one's
			d.file, d.name = f, name
			return d, nil
		}
		f.Close()
	}
}

// freeName is a name that is most likely free. Names have at most 255 bytes.
func (d *draft) freeName() string {
	return filepath.Join(d.dir, "."+d.base[:min(len(d.base), 100)]+draftMark+strconv.FormatUint(rand.Uint64(), 10))
}

// place gives the draft its name, over what has it now.
func (d *draft) place(path string) error {
	for d.name == "" {
		_ = lockDraft(d.file) // for the moment that it has this name
		name := d.freeName()
		err := nameFile(d.file, name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		d.name = name
	}
	if err := os.Rename(d.name, path); err != nil {
		return err
	}
	d.name = ""
	return nil
}

// close removes what was not placed.
func (d *draft) close() error {
	err := d.file.Close()
	if d.name != "" {
		err = errors.Join(err, os.Remove(d.name))
	}
	return err
}

// removeDrafts removes what killed processes left in a folder. What cannot be removed, or locked, is
// left: another process may be at it.
func removeDrafts(dir string) {
	names, err := filepath.Glob(filepath.Join(escapeGlob(dir), ".*"+draftMark+"*"))
	if err != nil {
		return
	}
	for _, name := range names {
		number := name[strings.LastIndex(name, draftMark)+len(draftMark):]
		if number == "" || strings.Trim(number, "0123456789") != "" {
			continue
		}
		f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && lockDraft(f) == nil && isAt(f, name) {
			_ = os.Remove(name)
		}
		f.Close()
	}
}

// escapeGlob is a pattern that matches a path alone.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// lockDraft takes flock(2) on a draft, which the end of the process gives back.
func lockDraft(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// isAt tells whether a name is still that of an open file.
func isAt(f *os.File, name string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(open, there)
}
