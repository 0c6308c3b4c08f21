package updating

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// journalFile is in Folder while changelogs are replaced. As long as it exists the update counts as not
// made, and who finds its owner dead puts back what was written.
const (
	journalFile    = "journal"
	journalVersion = 1
	maxJournal     = 64 << 20
)

type journal struct {
	Version int     `json:"version"`
	Changes []entry `json:"changes"`
}

// entry is one changelog: what it held and is to hold tells whether it was replaced, or edited since.
type entry struct {
	File string `json:"file"` // slash path below the level
	Kept string `json:"kept"` // the old file, in Folder
	Old  string `json:"old"`  // SHA-256
	New  string `json:"new"`
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// write makes the journal appear whole, and on the disk with all that it names.
func (j journal) write(h *hold) error {
	data, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("internal error: cannot encode journal: %w", err)
	}
	const fresh = journalFile + ".new"
	f, err := h.work.Create(fresh)
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		h.did("journal written")
		err = h.work.Rename(fresh, journalFile)
	}
	if err == nil {
		h.did("journal placed")
		err = errors.Join(syncFolder(h.work, "."), syncFolder(h.root, "."))
	}
	if err != nil {
		return fmt.Errorf("cannot write journal: %w", cause(err))
	}
	return nil
}

// removeJournal is the moment at which an update is made, or undone, for good.
func (h *hold) removeJournal() error {
	if err := h.work.Remove(journalFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove journal: %w", cause(err))
	}
	h.did("journal removed")
	return syncFolder(h.work, ".")
}

// readJournal returns none when no changelog was touched yet, or when the update was made.
func (h *hold) readJournal() (*journal, error) {
	info, err := h.work.Lstat(journalFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxJournal) {
		err = errors.New("it is not a journal of slipway")
	}
	var j journal
	if err == nil {
		var data []byte
		if data, err = h.work.ReadFile(journalFile); err == nil {
			err = json.Unmarshal(data, &j)
		}
	}
	if err == nil && j.Version != journalVersion {
		err = fmt.Errorf("it has version %d; this slipway knows %d", j.Version, journalVersion)
	}
	for _, e := range j.Changes {
		// It may have come with an untrusted fleet. The root keeps it from leading out.
		if err == nil && (!filepath.IsLocal(filepath.FromSlash(e.File)) || !filepath.IsLocal(e.Kept) || filepath.Base(e.Kept) != e.Kept) {
			err = fmt.Errorf("%q and %q are no files of an update", e.File, e.Kept)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read what an interrupted update left: %w", cause(err))
	}
	return &j, nil
}
