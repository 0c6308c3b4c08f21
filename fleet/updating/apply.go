package updating

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/slipway-build/slipway/problem"
)

// Change is one changelog that is to be replaced.
type Change struct {
	Path     string // as messages have it
	File     string // absolute, without symbolic links, below the tree
	Old, New []byte // what it must hold, and is to hold
}

// staged is a change whose new file is written and whose old one is kept.
type staged struct {
	Change
	entry entry
	fresh string // in Folder
	was   fs.FileInfo
}

// Apply replaces all changelogs or none. All new files are written first, outside of every image's
// folder, then a journal that says how to go back, and then they are renamed. Modes are kept, and owners where
// allowed. Of a process that is killed on the way the next one undoes what was done.
func (u *Update) Apply(changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	h := u.hold
	list := make([]staged, 0, len(changes))
	var j journal
	j.Version = journalVersion
	for i, c := range changes {
		s, err := h.stage(i, c)
		if err != nil {
			return problem.With(fmt.Errorf("%s: cannot write the changelog: %w", c.Path, cause(err)), "no changelog was changed")
		}
		list, j.Changes = append(list, s), append(j.Changes, s.entry)
	}
	if err := j.write(h); err != nil {
		return problem.With(err, "no changelog was changed")
	}
	if err := h.commit(list); err != nil {
		return u.rollback(err)
	}
	return h.removeJournal()
}

// stage does all that may fail for want of space or rights.
func (h *hold) stage(i int, c Change) (staged, error) {
	s := staged{Change: c, fresh: "new-" + strconv.Itoa(i)}
	rel, err := filepath.Rel(h.root.Name(), c.File)
	if err != nil || !filepath.IsLocal(rel) {
		return s, fmt.Errorf("internal error: it is not below %s", h.shown)
	}
	s.entry = entry{File: filepath.ToSlash(rel), Kept: "old-" + strconv.Itoa(i), Old: sumOf(c.Old), New: sumOf(c.New)}
	if s.was, err = h.root.Lstat(rel); err != nil {
		return s, err
	}
	if !s.was.Mode().IsRegular() {
		return s, errors.New("it is not a regular file")
	}
	now, err := h.root.ReadFile(rel)
	if err != nil {
		return s, err
	}
	if !bytes.Equal(now, c.Old) {
		return s, errChanged
	}
	// A link keeps owner, times and attributes, and takes no space; not every file system has them.
	if h.root.Link(rel, filepath.Join(Folder, s.entry.Kept)) != nil {
		if err := writeLike(h.work, s.entry.Kept, c.Old, s.was); err != nil {
			return s, err
		}
	}
	if err := writeLike(h.work, s.fresh, c.New, s.was); err != nil {
		return s, err
	}
	h.did("staged")
	return s, nil
}

var errChanged = errors.New("it changed while the update was made")

// commit renames the new files into place.
func (h *hold) commit(list []staged) error {
	folders := map[string]bool{}
	for _, s := range list {
		name := filepath.FromSlash(s.entry.File)
		now, err := h.root.Lstat(name)
		if err == nil && (!os.SameFile(now, s.was) || now.Size() != s.was.Size() || !now.ModTime().Equal(s.was.ModTime())) {
			err = errChanged
		}
		if err == nil {
			err = h.put(s.fresh, name)
		}
		if err != nil {
			return fmt.Errorf("%s: cannot write the changelog: %w", s.Path, cause(err))
		}
		h.did("replaced")
		folders[path.Dir(s.entry.File)] = true
	}
	if err := h.syncAll(folders); err != nil {
		return fmt.Errorf("cannot write the changelogs: %w", cause(err))
	}
	h.did("synced")
	return nil
}

// rollback puts back what was replaced. What cannot be put back stays with the journal, for the next
// command on the tree.
func (u *Update) rollback(err error) error {
	undone, back := u.hold.undo()
	for _, name := range undone.Edited {
		back = errors.Join(back, fmt.Errorf("%s: cannot put the changelog back: %w", name, errChanged))
	}
	if back != nil {
		u.stuck = undone.Changelogs == 0
		return problem.With(errors.Join(err, back), "put these back by hand, for example from version control")
	}
	return problem.With(err, "no changelog was changed")
}

// put moves a file of the folder to where it belongs. That may be another file system.
func (h *hold) put(from, name string) error {
	err := h.root.Rename(filepath.Join(Folder, from), name)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	data, err := h.work.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := h.work.Lstat(from)
	if err != nil {
		return err
	}
	beside := filepath.Join(filepath.Dir(name), besidePrefix+strconv.Itoa(os.Getpid()))
	if err := h.root.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeLike(h.root, beside, data, info); err != nil {
		return err
	}
	h.did("beside")
	if err := h.root.Rename(beside, name); err != nil {
		return errors.Join(err, h.root.Remove(beside))
	}
	return nil
}

// writeLike writes a synced file with the mode and owner of another. When it fails nothing is left.
func writeLike(root *os.Root, name string, data []byte, like fs.FileInfo) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	keepOwner(f, like)
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(like.Mode().Perm()) // after the owner: chown may drop bits
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return errors.Join(err, root.Remove(name))
	}
	return nil
}

// keepOwner gives a file the owner of another. Only root may; others can keep the group if it is theirs.
func keepOwner(f *os.File, like fs.FileInfo) {
	if s, ok := like.Sys().(*syscall.Stat_t); ok {
		if f.Chown(int(s.Uid), int(s.Gid)) != nil {
			_ = f.Chown(-1, int(s.Gid)) // or the folder's group decides
		}
	}
}

func (h *hold) syncAll(folders map[string]bool) error {
	for dir := range folders {
		if err := syncFolder(h.root, filepath.FromSlash(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func syncFolder(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
