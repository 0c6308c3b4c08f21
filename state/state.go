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
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/slipway-build/slipway/problem"
)

// fileName is the database's name inside the state folder.
const fileName = "state.db"

// DB is an open state. It is safe for concurrent use; other processes may read and write the same
// file meanwhile.
type DB struct {
	sql  *sql.DB
	path string
	file os.FileInfo // of the file as it was opened; nil in memory
	// ReadOnly tells that nothing can be written: see OpenReadOnly.
	ReadOnly bool
	// SetAside is where a file that was no database, or a damaged one, was moved when this one was
	// opened; empty when there was none.
	SetAside string
}

// Open opens the state in the folder dir, and makes both if they do not exist. A file that SQLite
// cannot read is set aside, not removed: see DB.SetAside. Unwritable errors leave OpenReadOnly and
// Memory.
func Open(ctx context.Context, dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make state folder: %w", err)
	}
	path := filepath.Join(dir, fileName)
	db, err := open(ctx, path)
	if !Damaged(err) {
		return db, err
	}
	aside, err := setAside(path, nil)
	if err != nil {
		return nil, err
	}
	if db, err = open(ctx, path); err == nil {
		db.SetAside = aside
	}
	return db, err
}

// Exists tells whether there is a state in the folder, or something that cannot be looked at.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, fileName))
	return !errors.Is(err, fs.ErrNotExist)
}

func open(ctx context.Context, path string) (*DB, error) {
	// SQLite would make it with the umask's rights; it names paths and errors of private fleets.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open state: %w", err)
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("cannot open state: %w", err)
	}
	// A write-ahead log, so that readers never wait. With it NORMAL survives a killed process without
	// loss, and a power cut without damage.
	db, err := connect(path, "_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	db.file = info
	if err := db.logAhead(ctx); err != nil {
		db.sql.Close()
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		db.sql.Close()
		return nil, err
	}
	return db, nil
}

// connect prepares a database with some patience for other writers; SQLite opens it when it is used.
func connect(path, options string) (*DB, error) {
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: fmt.Sprintf("_pragma=busy_timeout(%d)&", patience.Milliseconds()) + options}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("cannot open state %s: %w", path, err)
	}
	return &DB{sql: db, path: path}, nil
}

// How long a write waits for other processes: what matters, and what the next run can do as well.
const (
	patience      = 20 * time.Second
	shortPatience = 2 * time.Second
)

// logAhead makes the first connection, which turns a new file, and one of the first schema, to the
// write-ahead log. SQLite does not wait for others while it does that: two who begin at the same time
// would lock each other out, so that SQLITE_BUSY comes at once, whatever busy_timeout says.
func (d *DB) logAhead(ctx context.Context) error {
	for end := time.Now().Add(patience); ; {
		_, err := d.version(ctx, d.sql)
		if sqliteCode(err) != sqlitelib.SQLITE_BUSY || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
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
		return d.foreign(version, len(scripts))
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
				if sqliteCode(err) == sqlitelib.SQLITE_CONSTRAINT { // no Slipway has written what is there
					err = fmt.Errorf("%w: %w", ErrDamaged, err)
				}
				return d.fail("change the schema with "+scripts[i].Name(), err)
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(scripts)))
		return d.fail("change the schema", err)
	})
}

// foreign refuses a schema that this program does not know.
func (d *DB) foreign(version, known int) error {
	other := "a newer"
	if version < known {
		other = "an older" // and cannot be brought up to date
	}
	return problem.With(fmt.Errorf("cannot use state %s: it was made by %s slipway (version %d, this one knows %d)", d.path, other, version, known), "use that slipway, or another --state-dir")
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
	return d.transact(ctx, d.sql, f)
}

// writeSoon is write for what is not worth waiting for: shortPatience only.
func (d *DB) writeSoon(ctx context.Context, f func(*sql.Tx) error) error {
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return d.fail("write", err)
	}
	defer conn.Close()
	wait := func(t time.Duration) error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("PRAGMA busy_timeout = %d", t.Milliseconds()))
		return d.fail("write", err)
	}
	if err := wait(shortPatience); err != nil {
		return err
	}
	return errors.Join(d.transact(ctx, conn, f), wait(patience))
}

type beginner interface {
	BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error)
}

func (d *DB) transact(ctx context.Context, b beginner, f func(*sql.Tx) error) error {
	tx, err := b.BeginTx(ctx, nil)
	if err != nil {
		return d.fail("write", err)
	}
	defer tx.Rollback() // no effect after Commit
	if err := f(tx); err != nil {
		return err
	}
	return d.fail("write", tx.Commit())
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
			return d.fail("read", spoiled(err))
		}
	}
	return d.fail("read", rows.Err())
}

// Forget drops the builds and artifacts of references, what is known of their publishing, and what is known of
// folders.
func (d *DB) Forget(ctx context.Context, refs, folders []string) error {
	return d.write(ctx, func(tx *sql.Tx) error {
		for _, s := range []struct {
			query string
			names []string
		}{
			{"DELETE FROM builds WHERE ref IN (SELECT value FROM json_each(?))", refs},
			{"DELETE FROM artifacts WHERE ref IN (SELECT value FROM json_each(?))", refs},
			{"DELETE FROM remote WHERE ref IN (SELECT value FROM json_each(?))", refs},
			{"DELETE FROM published WHERE ref IN (SELECT value FROM json_each(?))", refs},
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
