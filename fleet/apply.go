package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// ApplyUpdate writes all changelogs or none: all new files are written and synced beside the old
// ones, then renamed, and put back if a rename fails. Modes are kept, and owners where allowed. A
// process killed on the way leaves a journal, by which RecoverUpdate puts the old ones back.
func ApplyUpdate(edits []Edit) error {
	writes := make([]*write, 0, len(edits))
	defer func() {
		// What could not be put back is kept, with the journal, for RecoverUpdate.
		if !slices.ContainsFunc(writes, func(w *write) bool { return w.stuck }) {
			for _, w := range writes {
				w.clean()
			}
		}
	}()
	for _, e := range edits {
		w := &write{edit: e}
		writes = append(writes, w)
		if err := w.prepare(); err != nil {
			return fmt.Errorf("%s: cannot write the changelog: %w\nhint: no changelog was changed", e.Path, cause(err))
		}
	}
	if len(writes) == 0 {
		return nil
	}
	root := edits[0].root
	if err := writeJournal(root, writes); err != nil {
		return fmt.Errorf("%w\nhint: no changelog was changed", err)
	}
	err := commitAll(writes)
	if slices.ContainsFunc(writes, func(w *write) bool { return w.stuck }) {
		return err
	}
	return errors.Join(err, removeJournal(root))
}

func commitAll(writes []*write) error {
	for i, w := range writes {
		if err := w.commit(); err != nil {
			return rollback(writes[:i+1], fmt.Errorf("%s: cannot write the changelog: %w", w.edit.Path, cause(err)))
		}
	}
	return nil
}

func rollback(writes []*write, err error) error {
	hint := "\nhint: no changelog was changed"
	for _, w := range writes {
		if e := w.restore(); e != nil {
			w.stuck = true
			err = errors.Join(err, fmt.Errorf("%s: cannot put the changelog back: %w", w.edit.Path, cause(e)))
			hint = "\nhint: put these back by hand, for example from version control"
		}
	}
	return fmt.Errorf("%w%s", err, hint)
}

// write replaces one changelog, in steps that can be undone.
type write struct {
	edit      Edit
	fresh     string // the new file
	backup    string // the old file, once more
	committed bool
	stuck     bool // it could not be put back
}

// prepare does all that may fail for want of space or rights.
func (w *write) prepare() error {
	info, err := os.Lstat(w.edit.file)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	now, err := os.ReadFile(w.edit.file)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, w.edit.Old) {
		return errors.New("it changed while the update was made")
	}
	if w.backup, err = writeBeside(w.edit.file, w.edit.Old, info); err != nil {
		return err
	}
	w.fresh, err = writeBeside(w.edit.file, w.edit.New, info)
	return err
}

// writeBeside writes a synced file with the mode and owner of another, in the same folder. When it
// fails nothing is left.
func writeBeside(name string, data []byte, like fs.FileInfo) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(name), stagedPrefix+"*")
	if err != nil {
		return "", err
	}
	keepOwner(file, like)
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(like.Mode().Perm()) // after the owner: chown may drop bits
	}
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

func (w *write) commit() error {
	if err := os.Rename(w.fresh, w.edit.file); err != nil {
		return err
	}
	w.fresh, w.committed = "", true
	return syncDir(filepath.Dir(w.edit.file))
}

func (w *write) restore() error {
	if !w.committed {
		return nil
	}
	if err := os.Rename(w.backup, w.edit.file); err != nil {
		return err
	}
	w.backup, w.committed = "", false
	return syncDir(filepath.Dir(w.edit.file))
}

func (w *write) clean() {
	for _, name := range []string{w.fresh, w.backup} {
		if name != "" {
			os.Remove(name)
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
