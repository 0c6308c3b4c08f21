package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Context is what the last look at a folder of files found.
type Context struct {
	Folder string // absolute path
	Stamp  []byte // changes when any file may have changed; empty when that is not certain
	// Digests are digests of the files, by what they are of: the owner of the state knows the keys, which
	// hold no tabulator and no line break.
	Digests map[string]string
	Entries []byte // what each file's digest was, see Entries; nil leaves those that are kept
	// Seen is when the folder was last saved or touched. SaveContexts takes the present.
	Seen time.Time
}

// keepContexts is how many folders are known at most: continuous integration may check out every
// commit into a folder of its own. Of what is too much each save drops some, so that none takes long.
const (
	keepContexts = 20_000
	dropContexts = 1_000
)

// Contexts returns what is known of all folders, without Entries.
func (d *DB) Contexts(ctx context.Context) (map[string]Context, error) {
	found := map[string]Context{}
	err := d.each(ctx, "SELECT folder, stamp, digests, seen FROM contexts", nil, func(rows *sql.Rows) error {
		var c Context
		var seen int64
		var digests string
		if err := rows.Scan(&c.Folder, &c.Stamp, &digests, &seen); err != nil {
			return err
		}
		c.Digests = readDigests(digests)
		c.Seen = fromNano(seen)
		found[c.Folder] = c
		return nil
	})
	return found, err
}

// writeDigests makes one text of digests: a line with key, tabulator and digest for each, sorted.
func writeDigests(digests map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(digests)) {
		b.WriteString(key + "\t" + digests[key] + "\n")
	}
	return b.String()
}

// readDigests takes them out again: of thousands of folders, so it makes no copies.
func readDigests(text string) map[string]string {
	digests := make(map[string]string, 4)
	for line := range strings.Lines(text) {
		if key, digest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			digests[key] = digest
		}
	}
	return digests
}

// Entries returns the Entries of one folder, nil when nothing is known of it.
func (d *DB) Entries(ctx context.Context, folder string) ([]byte, error) {
	var data []byte
	err := d.sql.QueryRowContext(ctx, "SELECT entries FROM contexts WHERE folder = ?", folder).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return data, d.fail("read", err)
}

// SaveContexts replaces what is known of the folders, and forgets others that were not looked at for
// long, when there are too many. It only saves time, so it waits for other
// writers two seconds at most, and does nothing where the state is ReadOnly.
func (d *DB) SaveContexts(ctx context.Context, contexts []Context) error {
	if len(contexts) == 0 || d.ReadOnly {
		return nil
	}
	return d.writeSoon(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO contexts (folder, stamp, digests, entries, seen) VALUES (?, ?, ?, ?, ?)")
		if err != nil {
			return d.fail("write", err)
		}
		defer insert.Close()
		update, err := tx.PrepareContext(ctx, "UPDATE contexts SET digests = ?, seen = ? WHERE folder = ? AND stamp = ?")
		if err != nil {
			return d.fail("write", err)
		}
		defer update.Close()
		now := time.Now().UnixNano()
		for _, c := range contexts {
			digests := writeDigests(c.Digests)
			if c.Entries == nil {
				_, err = update.ExecContext(ctx, digests, now, c.Folder, notNil(c.Stamp))
			} else {
				_, err = insert.ExecContext(ctx, c.Folder, notNil(c.Stamp), digests, c.Entries, now)
			}
			if err != nil {
				return d.fail("write", err)
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM contexts WHERE folder IN (SELECT folder FROM contexts ORDER BY seen, folder
			LIMIT max(0, min(?, (SELECT count(*) FROM contexts) - ?)))`, dropContexts+len(contexts), keepContexts)
		return d.fail("write", err)
	})
}

// TouchContexts notes that the folders are in use. Like SaveContexts it waits for nobody for long, and
// does nothing where the state is ReadOnly.
func (d *DB) TouchContexts(ctx context.Context, folders []string) error {
	if len(folders) == 0 || d.ReadOnly {
		return nil
	}
	list, err := json.Marshal(folders)
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	return d.writeSoon(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE contexts SET seen = ? WHERE folder IN (SELECT value FROM json_each(?))", time.Now().UnixNano(), string(list))
		return d.fail("write", err)
	})
}

// notNil is b as SQLite takes it: a nil slice would be NULL.
func notNil(b []byte) []byte { return append([]byte{}, b...) }

// packTree packs a listing; nil when there is none, or when it is kept already.
func (d *DB) packTree(ctx context.Context, digest string, listing []byte) ([]byte, error) {
	if digest == "" {
		return nil, nil
	}
	var known bool
	err := d.sql.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM trees WHERE digest = ?)", digest).Scan(&known)
	if err != nil || known {
		return nil, d.fail("read", err)
	}
	return pack(listing)
}

// Tree returns a listing that SetInputs kept, nil when there is none.
func (d *DB) Tree(ctx context.Context, digest string) ([]byte, error) {
	var packed []byte
	err := d.sql.QueryRowContext(ctx, "SELECT listing FROM trees WHERE digest = ?", digest).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, d.fail("read", err)
	}
	listing, err := unpack(packed)
	return listing, d.fail("read", err)
}
