package updating

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// olderEntry is one changelog in the journal of an older Slipway, which was a file in the folder that
// was named; its copies were beside the changelogs.
type olderEntry struct {
	File   string `json:"file"`
	Backup string `json:"backup"` // the old file, once more
	Fresh  string `json:"fresh"`  // the new file, until it is renamed
}

// undoOlder puts back the changelogs that an older Slipway had written when it was killed. It may be
// called again.
func undoOlder(h *hold) (Undone, error) {
	info, err := h.root.Lstat(Folder)
	if errors.Is(err, fs.ErrNotExist) {
		return Undone{}, nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxJournal) {
		err = errors.New("it is not a journal of slipway")
	}
	var entries []olderEntry
	if err == nil {
		var data []byte
		if data, err = h.root.ReadFile(Folder); err == nil {
			err = json.Unmarshal(data, &entries)
		}
	}
	if err != nil {
		return Undone{}, fmt.Errorf("cannot read what an interrupted update left: %w", cause(err))
	}
	for _, e := range entries {
		if err := e.restore(h); err != nil {
			return Undone{}, err
		}
	}
	if err := h.root.Remove(Folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Undone{}, fmt.Errorf("cannot remove journal: %w", cause(err))
	}
	return Undone{Changelogs: len(entries)}, nil
}

// restore puts one changelog back. The journal may have come with an untrusted fleet, so it can only
// name files that an update would.
func (e olderEntry) restore(h *hold) error {
	dir := filepath.Dir(e.File)
	for _, staged := range []string{e.Backup, e.Fresh} {
		if filepath.Dir(staged) != dir || !strings.HasPrefix(filepath.Base(staged), besidePrefix) || filepath.Base(e.File) != "changelog" {
			return fmt.Errorf("%q is no file of an update", staged)
		}
	}
	if err := h.root.Rename(e.Backup, e.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cause(err)
	}
	if err := h.root.Remove(e.Fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cause(err)
	}
	return nil
}
