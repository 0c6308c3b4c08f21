package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/slipway-build/slipway/problem"
)

// ErrDamaged marks what was read from a state and cannot have been written by Slipway.
var ErrDamaged = errors.New("the state is damaged")

// spoiled marks an error of what was read, unless it is SQLite's own or the end of a context.
func spoiled(err error) error {
	var e *sqlite.Error
	if err == nil || errors.As(err, &e) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// Damaged tells whether err comes from a file that is none of Slipway's own, or a broken one. DB.Renew
// begins a new one.
func Damaged(err error) bool {
	if errors.Is(err, ErrDamaged) {
		return true
	}
	switch sqliteCode(err) {
	case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB:
		return true
	case sqlitelib.SQLITE_ERROR: // the statements are constants: it is the schema that is wrong
		return strings.Contains(err.Error(), "no such table") || strings.Contains(err.Error(), "no such column")
	}
	return false
}

// Unwritable tells whether err says that the state cannot be written here and now: by this user, on a
// file system that is read-only or full, or because another process holds it.
func Unwritable(err error) bool {
	switch sqliteCode(err) {
	case sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_PERM, sqlitelib.SQLITE_IOERR,
		sqlitelib.SQLITE_FULL, sqlitelib.SQLITE_BUSY:
		return true
	}
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// sqliteCode is SQLite's code without what tells more of the same; -1 for other errors.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return -1
	}
	return e.Code() & 0xff
}

// fail says what could not be done, and why in words where SQLite has only a number.
func (d *DB) fail(verb string, err error) error {
	if err == nil {
		return nil
	}
	code := sqliteCode(err)
	if (code == sqlitelib.SQLITE_IOERR || code == sqlitelib.SQLITE_FULL) && full(filepath.Dir(d.path)) {
		return problem.With(fmt.Errorf("cannot %s state %s: %w (%w)", verb, d.path, syscall.ENOSPC, err), "`slipway du` shows what the store holds, `slipway prune --cache` frees the build cache")
	}
	err = fmt.Errorf("cannot %s state %s: %w", verb, d.path, err)
	if Damaged(err) {
		return problem.With(err, "remove the file; it holds history, and what saves time, but nothing else")
	}
	return err
}

// full tells whether a folder's disk has no room for what SQLite needs beside its file.
func full(dir string) bool {
	var s syscall.Statfs_t
	return syscall.Statfs(dir, &s) == nil && uint64(s.Bavail)*uint64(s.Bsize) < 256<<10
}

// OpenReadOnly opens a state that Open found Unwritable, as far as it can be read: what writes it
// fails, but for SaveContexts, TouchContexts and SaveRemote, which do nothing. The error is
// fs.ErrNotExist when there is none yet.
func OpenReadOnly(ctx context.Context, dir string) (*DB, error) {
	path := filepath.Join(dir, fileName)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open state: %w", err)
	}
	f.Close()
	// SQLite reads beside a log that others write. Without a log it would make one; an immutable file
	// needs none, and when nobody has left a log, nobody writes.
	scripts, err := migrations.ReadDir("migrations")
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	for _, options := range []string{"mode=ro", "immutable=1"} {
		var db *DB
		if db, err = connect(path, options); err != nil {
			return nil, err
		}
		var version int
		version, err = db.version(ctx, db.sql)
		switch {
		case err != nil:
		case version == len(scripts):
			db.ReadOnly = true
			return db, nil
		case version == 0:
			err = fmt.Errorf("cannot read state %s: it is empty: %w", path, fs.ErrNotExist)
		default:
			err = db.foreign(version, len(scripts))
		}
		db.sql.Close()
	}
	return nil, err
}

// Memory returns a state that nobody else sees and that is gone with its process, for where none can
// be kept.
func Memory(ctx context.Context) (*DB, error) {
	db, err := connect(":memory:", "_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	db.sql.SetMaxOpenConns(1) // each connection would be a database of its own
	if err := db.migrate(ctx); err != nil {
		db.sql.Close()
		return nil, err
	}
	return db, nil
}

// Renew begins a new state in the place of one that is Damaged, whose file is set aside: see
// DB.SetAside. Where that is impossible, which is the error, d is one in Memory. No other call may be
// under way.
func (d *DB) Renew(ctx context.Context) error {
	d.sql.Close() // of a damaged file nothing is lost
	next, err := d.replace(ctx)
	if err != nil {
		var memoryErr error
		if next, memoryErr = Memory(ctx); memoryErr != nil {
			return errors.Join(err, memoryErr)
		}
	}
	*d = *next
	return err
}

func (d *DB) replace(ctx context.Context) (*DB, error) {
	if d.ReadOnly || d.file == nil {
		return nil, fmt.Errorf("cannot set damaged state %s aside: it cannot be written", d.path)
	}
	aside, err := setAside(d.path, d.file)
	if err != nil {
		return nil, err
	}
	next, err := open(ctx, d.path)
	if err == nil {
		next.SetAside = aside
	}
	return next, err
}

// setAside renames the file and removes its companions, which mean nothing without it. One that is
// not the file that was opened has been begun anew by another process already, and stays.
func setAside(path string, opened os.FileInfo) (string, error) {
	aside := path + ".damaged"
	if now, err := os.Stat(path); opened != nil && (errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, opened)) {
		return aside, nil
	}
	if err := os.Rename(path, aside); err != nil {
		return "", fmt.Errorf("cannot set damaged state aside: %w", err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("cannot set damaged state aside: %w", err)
		}
	}
	return aside, nil
}
