package updating

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
)

// Undone is an update that was killed, and whose changelogs are as before it.
type Undone struct {
	Changelogs int
	// Edited are those that somebody changed since; they stay as they are.
	Edited []string
}

// undo puts back what the journal says, and leaves the folder as it was made. It may be called again
// after a kill at any point.
func (h *hold) undo() (Undone, error) {
	j, err := h.readJournal()
	if err != nil || j == nil {
		return Undone{}, err
	}
	edited, err := h.putBack(*j)
	if err != nil {
		return Undone{}, err
	}
	return Undone{Changelogs: len(j.Changes), Edited: edited}, h.removeJournal()
}

// putBack undoes what can be undone; the error is all that cannot.
func (h *hold) putBack(j journal) (edited []string, err error) {
	folders := map[string]bool{}
	var errs []error
	for _, e := range j.Changes {
		was, err := h.restore(e)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: cannot put the changelog back: %w", path.Join(h.shown, e.File), cause(err)))
		case !was:
			edited = append(edited, path.Join(h.shown, e.File))
		}
		folders[path.Dir(e.File)] = true
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return edited, h.syncAll(folders)
}

// restore puts one changelog back. It is not as it was when somebody edited it since.
func (h *hold) restore(e entry) (was bool, err error) {
	name := filepath.FromSlash(e.File)
	info, err := h.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	now, err := h.root.ReadFile(name)
	if err != nil {
		return false, err
	}
	switch sumOf(now) {
	case e.Old:
		return true, nil
	case e.New:
		h.did("restore")
		return true, h.put(e.Kept, name)
	}
	return false, nil
}
