package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// journalFile is in the fleet's folder while an update is being written. As long as it exists the
// update counts as not made, and RecoverUpdate undoes what was written of it.
const journalFile = ".slipway-update"

const (
	stagedPrefix = ".changelog.slipway-"
	maxJournal   = 16 << 20
)

// journalEntry is one changelog of an update; paths are relative to the fleet's folder.
type journalEntry struct {
	File   string `json:"file"`
	Backup string `json:"backup"` // the old file, once more
	Fresh  string `json:"fresh"`  // the new file, until it is renamed
}

// writeJournal makes the journal appear whole.
func writeJournal(root string, writes []*write) error {
	var entries []journalEntry
	for _, w := range writes {
		var e journalEntry
		for to, name := range map[*string]string{&e.File: w.edit.file, &e.Backup: w.backup, &e.Fresh: w.fresh} {
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return fmt.Errorf("cannot write journal: %w", err)
			}
			*to = rel
		}
		entries = append(entries, e)
	}
	data, err := json.Marshal(entries)
	if err != nil {
		return fmt.Errorf("internal error: cannot encode journal: %w", err)
	}
	file, err := os.CreateTemp(root, journalFile+".*")
	if err != nil {
		return fmt.Errorf("cannot write journal: %w", err)
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(root, journalFile))
	}
	if err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("cannot write journal: %w", err)
	}
	return syncDir(root)
}

// removeJournal is the moment at which an update is made, or undone, for good.
func removeJournal(root string) error {
	if err := os.Remove(filepath.Join(root, journalFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove journal: %w", err)
	}
	return syncDir(root)
}

// RecoverUpdate puts back the changelogs below dir that an update had written when its process was
// killed. It returns how many there were; none is the usual case. It may be called again.
func RecoverUpdate(dir string) (int, error) {
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, nil // Scan says what is wrong with the folder
	}
	defer root.Close()
	info, err := root.Lstat(journalFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	name := filepath.Join(dir, journalFile)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxJournal) {
		err = errors.New("it is not a journal of slipway")
	}
	var entries []journalEntry
	if err == nil {
		var data []byte
		if data, err = root.ReadFile(journalFile); err == nil {
			err = json.Unmarshal(data, &entries)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("%s: cannot read what an interrupted update left: %w\nhint: restore the changelogs from version control, then remove the file", name, err)
	}
	for _, e := range entries {
		if err := e.restore(root); err != nil {
			return 0, fmt.Errorf("%s: cannot undo an interrupted update: %w", name, err)
		}
	}
	if err := root.Remove(journalFile); err != nil {
		return 0, fmt.Errorf("%s: cannot remove journal: %w", name, err)
	}
	return len(entries), nil
}

// restore puts one changelog back. The journal may have come with an untrusted fleet, so it can
// only name files that an update would.
func (e journalEntry) restore(root *os.Root) error {
	dir := filepath.Dir(e.File)
	for _, staged := range []string{e.Backup, e.Fresh} {
		if filepath.Dir(staged) != dir || !strings.HasPrefix(filepath.Base(staged), stagedPrefix) || filepath.Base(e.File) != changelogFile {
			return fmt.Errorf("%q is no file of an update", staged)
		}
	}
	if err := root.Rename(e.Backup, e.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := root.Remove(e.Fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
