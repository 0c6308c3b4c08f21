// Package state remembers what was built from which inputs, when, and how it went, in one SQLite
// file. It is a cache of the truth: what decides whether an image is up to date is in the image
// store. A lost file costs history, reasons and the time to hash files again.
package state

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite" // also registers the driver "sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// FileName is the database's name inside the state folder.
const FileName = "state.db"

// DB is an open state. It is safe for concurrent use; other processes may read and write the same
// file meanwhile.
type DB struct {
	sql  *sql.DB
	path string
	// SetAside is where a file that was no database, or a damaged one, was moved when this one was
	// opened; empty when there was none.
	SetAside string
}

// Open opens the state in the folder dir, and makes both if they do not exist. A file that SQLite
// cannot read is set aside, not removed: see DB.SetAside.
func Open(ctx context.Context, dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make state folder: %w", err)
	}
	path := filepath.Join(dir, FileName)
	db, err := open(ctx, path)
	if !damaged(err) {
		return db, err
	}
	aside, err := setAside(path)
	if err != nil {
		return nil, err
	}
	if db, err = open(ctx, path); err == nil {
		db.SetAside = aside
	}
	return db, err
}

// Exists tells whether there is a state in the folder.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, FileName))
	return err == nil
}

func open(ctx context.Context, path string) (*DB, error) {
	// SQLite would make it with the umask's rights; it names paths and errors of private fleets.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open state: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("cannot open state: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("cannot open state %s: %w", path, err)
	}
	d := &DB{sql: db, path: path}
	if err := d.migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return d, nil
}

// dsn asks for a write-ahead log, so that readers never wait, and for patience with other writers.
// In WAL mode NORMAL survives a killed process without loss, and a power cut without damage.
func dsn(path string) string {
	u := url.URL{Scheme: "file", Path: path}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
	}}
	u.RawQuery = q.Encode()
	return u.String()
}

// Close closes the database. All work must have ended.
func (d *DB) Close() error {
	if err := d.sql.Close(); err != nil {
		return fmt.Errorf("cannot close state: %w", err)
	}
	return nil
}

// Path is the database's file.
func (d *DB) Path() string { return d.path }

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, one numbered script after the other. The file's
// user_version counts those that were run.
func (d *DB) migrate(ctx context.Context) error {
	scripts, err := migrations.ReadDir("migrations")
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	version, err := d.version(ctx, d.sql)
	switch {
	case err != nil:
		return err
	case version == len(scripts):
		return nil
	case version > len(scripts):
		return fmt.Errorf("cannot use state %s: it was made by a newer slipway (version %d, this one knows %d)\nhint: use that slipway, or another --state-dir", d.path, version, len(scripts))
	}
	return d.write(ctx, func(tx *sql.Tx) error {
		version, err := d.version(ctx, tx) // another process may have been faster
		if err != nil {
			return err
		}
		for i := version; i < len(scripts); i++ {
			script, err := migrations.ReadFile("migrations/" + scripts[i].Name())
			if err != nil {
				return fmt.Errorf("internal error: %w", err)
			}
			if _, err := tx.ExecContext(ctx, string(script)); err != nil {
				return d.fail("change the schema with "+scripts[i].Name(), err)
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(scripts)))
		return d.fail("change the schema", err)
	})
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (d *DB) version(ctx context.Context, q querier) (v int, err error) {
	err = q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v)
	return v, d.fail("open", err)
}

// write runs f in a transaction that holds the write lock from its beginning.
func (d *DB) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := d.sql.BeginTx(ctx, nil)
	if err != nil {
		return d.fail("write", err)
	}
	defer tx.Rollback() // no effect after Commit
	if err := f(tx); err != nil {
		return err
	}
	return d.fail("write", tx.Commit())
}

func (d *DB) fail(verb string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("cannot %s state %s: %w", verb, d.path, err)
	if damaged(err) {
		return fmt.Errorf("%w\nhint: remove the file; it holds history, and what saves time, but nothing else", err)
	}
	return err
}

// damaged tells whether SQLite found a file that is none of its own, or a broken one.
func damaged(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff // the rest tells more of the same
	return code == sqlitelib.SQLITE_CORRUPT || code == sqlitelib.SQLITE_NOTADB
}

// ReadOnly tells whether err says that the state cannot be written here: by this user, or because of
// a file system that is mounted read-only.
func ReadOnly(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlitelib.SQLITE_READONLY || e.Code()&0xff == sqlitelib.SQLITE_CANTOPEN) ||
		errors.Is(err, syscall.EROFS)
}

// setAside renames the file and removes its companions, which mean nothing without it.
func setAside(path string) (string, error) {
	aside := path + ".damaged"
	if err := os.Rename(path, aside); err != nil {
		return "", fmt.Errorf("cannot set damaged state aside: %w", err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("cannot set damaged state aside: %w", err)
		}
	}
	return aside, nil
}

// Check returns what PRAGMA integrity_check finds wrong; nothing for a sound file.
func (d *DB) Check(ctx context.Context) ([]string, error) {
	var found []string
	err := d.each(ctx, "PRAGMA integrity_check", nil, func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		if err == nil && text != "ok" {
			found = append(found, strings.TrimSpace(text))
		}
		return err
	})
	return found, err
}

// each calls f for every row.
func (d *DB) each(ctx context.Context, query string, args []any, f func(*sql.Rows) error) error {
	rows, err := d.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return d.fail("read", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return d.fail("read", err)
		}
	}
	return d.fail("read", rows.Err())
}

// Forget drops the builds of references and what is known of folders.
func (d *DB) Forget(ctx context.Context, refs, folders []string) error {
	return d.write(ctx, func(tx *sql.Tx) error {
		for _, s := range []struct {
			query string
			names []string
		}{
			{"DELETE FROM builds WHERE ref IN (SELECT value FROM json_each(?))", refs},
			{"DELETE FROM contexts WHERE folder IN (SELECT value FROM json_each(?))", folders},
		} {
			list, err := json.Marshal(append([]string{}, s.names...))
			if err != nil {
				return fmt.Errorf("internal error: %w", err)
			}
			if _, err := tx.ExecContext(ctx, s.query, string(list)); err != nil {
				return d.fail("clear", err)
			}
		}
		return nil
	})
}
