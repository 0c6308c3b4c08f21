package state

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
)

// Context is what the last look at a folder of files found.
type Context struct {
	Folder  string // absolute path
	Stamp   []byte // changes when any file may have changed; empty when that is not certain
	Digest  string // of the files' paths, modes and contents
	Entries []byte // what each file's digest was; see Entries
}

// Contexts returns what is known of all folders, without Entries.
func (d *DB) Contexts(ctx context.Context) (map[string]Context, error) {
	found := map[string]Context{}
	err := d.each(ctx, "SELECT folder, stamp, digest FROM contexts", nil, func(rows *sql.Rows) error {
		var c Context
		if err := rows.Scan(&c.Folder, &c.Stamp, &c.Digest); err != nil {
			return err
		}
		found[c.Folder] = c
		return nil
	})
	return found, err
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

// SaveContexts replaces what is known of the folders. It only saves time, so it waits for other
// writers two seconds at most, and does nothing where the state is ReadOnly.
func (d *DB) SaveContexts(ctx context.Context, contexts []Context) error {
	if len(contexts) == 0 || d.ReadOnly {
		return nil
	}
	return d.writeSoon(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO contexts (folder, stamp, digest, entries) VALUES (?, ?, ?, ?)")
		if err != nil {
			return d.fail("write", err)
		}
		defer insert.Close()
		for _, c := range contexts {
			if _, err := insert.ExecContext(ctx, c.Folder, notNil(c.Stamp), c.Digest, notNil(c.Entries)); err != nil {
				return d.fail("write", err)
			}
		}
		return nil
	})
}

// notNil is b as SQLite takes it: a nil slice would be NULL.
func notNil(b []byte) []byte { return append([]byte{}, b...) }

// pack compresses a listing; nil when there is none, or when it is kept already.
func (d *DB) pack(ctx context.Context, digest string, listing []byte) ([]byte, error) {
	if digest == "" {
		return nil, nil
	}
	var known bool
	err := d.sql.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM trees WHERE digest = ?)", digest).Scan(&known)
	if err != nil || known {
		return nil, d.fail("read", err)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	if _, err := w.Write(listing); err != nil {
		return nil, fmt.Errorf("cannot pack a listing: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("cannot pack a listing: %w", err)
	}
	return packed.Bytes(), nil
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
	listing, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	return listing, d.fail("read", spoiled(err))
}
