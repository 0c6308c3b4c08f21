package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slipway-build/slipway/digests"
)

// Run is one call of a command that builds.
type Run struct {
	ID      int64     `json:"id"`
	Command string    `json:"command"`          // as a person would type it, without secrets
	Folder  string    `json:"folder"`           // the working directory
	Suffix  string    `json:"suffix,omitempty"` // what --nightly or --snapshot put behind the tags
	PID     int       `json:"-"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"` // zero: it runs, or it was killed
	Outcome string    `json:"outcome"`        // OutcomeDone, OutcomeFailed or OutcomeInterrupted; empty while Ended is zero
	// Plan is what it was to do, as the plan's JSON. BeginRun takes it, and only DB.Run gives it.
	Plan json.RawMessage `json:"-"`
}

// How a run ended.
const (
	OutcomeDone        = "done"        // everything that was to be done was done
	OutcomeFailed      = "failed"      // some image was not built
	OutcomeInterrupted = "interrupted" // a person or a signal ended it
)

// Target is an image for a platform.
type Target struct{ Ref, Platform string }

// Build is one image's part of a run: an attempt, with what came of it.
type Build struct {
	ID       int64            `json:"id"`
	Run      int64            `json:"run"`
	Ref      string           `json:"ref"` // registry/namespace/name:tag
	Name     string           `json:"name"`
	Version  string           `json:"version"`
	Platform string           `json:"platform"`
	Reasons  json.RawMessage  `json:"reasons,omitempty"` // as plan.Said
	Inputs   digests.Inputs   `json:"inputs,omitempty"`  // of Parts
	Parts    json.RawMessage  `json:"parts,omitempty"`   // as inputs.Parts
	Tree     string           `json:"-"`                 // digest of the build context, for DB.Tree
	Digest   digests.Manifest `json:"digest,omitempty"`  // of the Artifact that came of it
	Size     int64            `json:"size,omitempty"`    // of that one's blobs, in bytes
	Began    time.Time        `json:"began"`
	Ended    time.Time        `json:"ended,omitzero"`
	Outcome  string           `json:"outcome"` // BuildFailed or another word of the runner's; empty while Ended is zero
	Test     string           `json:"test,omitempty"`
	Tries    int              `json:"tries"`
	Error    string           `json:"error,omitempty"`
	Tail     []string         `json:"tail,omitempty"` // the last lines of a failure
	Log      string           `json:"log,omitempty"`  // path
}

// What a plan asks of builds that went before.
const (
	BuildFailed = "failed" // Build.Outcome of an image that was not built or did not pass its test
	TestFailed  = "failed" // Build.Test of an image that was built and did not pass its test
)

// BeginRun records a run and returns its id. It waits for other writers two seconds at most: whoever
// holds the state for longer would hold up each image of the run.
func (d *DB) BeginRun(ctx context.Context, r Run) (id int64, err error) {
	var plan []byte
	if len(r.Plan) > 0 {
		if plan, err = pack(r.Plan); err != nil {
			return 0, err
		}
	}
	err = d.writeSoon(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "INSERT INTO runs (command, folder, suffix, pid, began, plan) VALUES (?, ?, ?, ?, ?, ?)",
			r.Command, r.Folder, r.Suffix, r.PID, r.Began.UnixNano(), plan)
		if err == nil {
			id, err = res.LastInsertId()
		}
		return d.fail("write", err)
	})
	return id, err
}

const (
	keepBuilds = 50  // builds and artifacts of an image and platform that are kept
	keepPlans  = 200 // newest runs whose plans are kept, while builds of theirs are
)

// EndRun records how a run ended, and forgets what is too old.
func (d *DB) EndRun(ctx context.Context, id int64, outcome string, ended time.Time) error {
	return d.write(ctx, func(tx *sql.Tx) error {
		for _, s := range []struct {
			query string
			args  []any
		}{
			{"UPDATE runs SET ended = ?, outcome = ? WHERE id = ?", []any{ended.UnixNano(), outcome, id}},
			{`DELETE FROM builds WHERE id IN (SELECT id FROM (SELECT id,
				row_number() OVER (PARTITION BY name, platform ORDER BY id DESC) AS n FROM builds) WHERE n > ?)`, []any{keepBuilds}},
			{`DELETE FROM artifacts WHERE id NOT IN (SELECT artifact FROM builds WHERE artifact IS NOT NULL) AND id IN (SELECT id FROM (SELECT id,
				row_number() OVER (PARTITION BY name, platform ORDER BY id DESC) AS n FROM artifacts) WHERE n > ?)`, []any{keepBuilds}},
			{`UPDATE runs SET plan = NULL WHERE plan IS NOT NULL AND ended IS NOT NULL AND id NOT IN (SELECT run FROM builds)
				OR id IN (SELECT id FROM runs WHERE plan IS NOT NULL ORDER BY id DESC LIMIT -1 OFFSET ?)`, []any{keepPlans}},
			{`DELETE FROM runs WHERE ended IS NOT NULL AND id < ? - 1000
				AND id NOT IN (SELECT run FROM builds) AND id NOT IN (SELECT run FROM artifacts)`, []any{id}},
			{"DELETE FROM trees WHERE digest NOT IN (SELECT tree FROM builds)", nil},
		} {
			if _, err := tx.ExecContext(ctx, s.query, s.args...); err != nil {
				return d.fail("write", err)
			}
		}
		return nil
	})
}

// Run returns a run, with its plan if that is kept.
func (d *DB) Run(ctx context.Context, id int64) (r Run, found bool, err error) {
	runs, err := d.runs(ctx, "WHERE id = ?", id)
	if err != nil || len(runs) == 0 {
		return r, false, err
	}
	r = runs[0]
	var packed []byte
	if err := d.sql.QueryRowContext(ctx, "SELECT plan FROM runs WHERE id = ?", id).Scan(&packed); err != nil || packed == nil {
		return r, err == nil, d.fail("read", err)
	}
	r.Plan, err = unpack(packed)
	return r, err == nil, d.fail("read", err)
}

// NewestRun returns the newest run of a command in a folder.
func (d *DB) NewestRun(ctx context.Context, command, folder string) (r Run, found bool, err error) {
	runs, err := d.runs(ctx, "WHERE command = ? AND folder = ? ORDER BY id DESC LIMIT 1", command, folder)
	if err != nil || len(runs) == 0 {
		return r, false, err
	}
	return runs[0], true, nil
}

// Unended returns the runs that go on, or were killed.
func (d *DB) Unended(ctx context.Context) ([]Run, error) {
	return d.runs(ctx, "WHERE ended IS NULL")
}

func (d *DB) runs(ctx context.Context, which string, args ...any) ([]Run, error) {
	var runs []Run
	err := d.each(ctx, "SELECT id, command, folder, suffix, pid, began, ended, outcome FROM runs "+which, args, func(rows *sql.Rows) error {
		var r Run
		var began int64
		var ended sql.NullInt64
		if err := rows.Scan(&r.ID, &r.Command, &r.Folder, &r.Suffix, &r.PID, &began, &ended, &r.Outcome); err != nil {
			return err
		}
		r.Began, r.Ended = fromNano(began), fromNull(ended)
		runs = append(runs, r)
		return nil
	})
	return runs, err
}

// BeginBuild records that an image is being built and returns the build's id.
func (d *DB) BeginBuild(ctx context.Context, b Build) (int64, error) {
	res, err := d.sql.ExecContext(ctx, "INSERT INTO builds (run, ref, name, version, platform, reasons, began) VALUES (?, ?, ?, ?, ?, ?, ?)",
		b.Run, b.Ref, b.Name, b.Version, b.Platform, string(b.Reasons), b.Began.UnixNano())
	if err != nil {
		return 0, d.fail("write", err)
	}
	id, err := res.LastInsertId()
	return id, d.fail("write", err)
}

// SetInputs records what the build with b.ID is made from: Inputs, Parts and Tree, and the listing of
// the build context, which DB.Tree returns. Without Parts it is a build that only tests an image: it was made
// from what the build of the same image and platform with the digest b.Inputs was, if that is known.
func (d *DB) SetInputs(ctx context.Context, b Build, listing []byte) error {
	if len(b.Parts) == 0 {
		_, err := d.sql.ExecContext(ctx, `UPDATE builds SET (inputs, parts, tree) = (made.inputs, made.parts, made.tree)
			FROM (SELECT inputs, parts, tree FROM builds WHERE name = ? AND platform = ? AND inputs = ? AND parts != '' ORDER BY id DESC LIMIT 1) AS made
			WHERE id = ?`, b.Name, b.Platform, b.Inputs, b.ID)
		return d.fail("write", err)
	}
	packed, err := d.packTree(ctx, b.Tree, listing)
	if err != nil {
		return err
	}
	return d.write(ctx, func(tx *sql.Tx) error {
		if packed != nil {
			if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO trees (digest, listing) VALUES (?, ?)", b.Tree, packed); err != nil {
				return d.fail("write", err)
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE builds SET inputs = ?, parts = ?, tree = ? WHERE id = ?", b.Inputs, string(b.Parts), b.Tree, b.ID)
		return d.fail("write", err)
	})
}

// EndBuild records how the build with b.ID went: all that BeginBuild and SetInputs did not record.
func (d *DB) EndBuild(ctx context.Context, b Build) error {
	tail, err := json.Marshal(b.Tail)
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	return d.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE builds SET ended = ?, outcome = ?, test = ?, tries = ?, error = ?, tail = ?, log = ? WHERE id = ?",
			b.Ended.UnixNano(), b.Outcome, b.Test, max(b.Tries, 1), b.Error, string(tail), b.Log, b.ID)
		if err == nil {
			err = setArtifact(ctx, tx, b)
		}
		return d.fail("write", err)
	})
}

// selectBuilds reads builds, with what came of them.
const selectBuilds = `SELECT b.id, b.run, b.ref, b.name, b.version, b.platform, b.reasons, b.inputs, b.parts, b.tree,
	ifnull(a.digest, ''), ifnull(a.size, 0), b.began, b.ended, b.outcome, b.test, b.tries, b.error, b.tail, b.log
	FROM builds AS b LEFT JOIN artifacts AS a ON a.id = b.artifact`

// Query says which builds History returns.
type Query struct {
	Name    string // of the image, or its reference; empty is any
	Outcome string // empty is any
	Run     int64  // zero is any
	Limit   int    // zero is no limit
}

// History returns builds, the newest first.
func (d *DB) History(ctx context.Context, q Query) ([]Build, error) {
	var where []string
	var args []any
	if q.Name != "" {
		where, args = append(where, "(b.name = ? OR b.ref = ? OR b.name || ':' || b.version = ?)"), append(args, q.Name, q.Name, q.Name)
	}
	if q.Outcome != "" {
		where, args = append(where, "b.outcome = ?"), append(args, q.Outcome)
	}
	if q.Run != 0 {
		where, args = append(where, "b.run = ?"), append(args, q.Run)
	}
	query := selectBuilds
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	query += " ORDER BY b.id DESC"
	if q.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, q.Limit)
	}
	var builds []Build
	err := d.each(ctx, query, args, func(rows *sql.Rows) error {
		b, err := scanBuild(rows)
		builds = append(builds, b)
		return err
	})
	return builds, err
}

// MadeFrom returns the newest build of an image, by name, that was made from the inputs with the
// digest, however it went on.
func (d *DB) MadeFrom(ctx context.Context, name, platform string, inputs digests.Inputs) (b Build, found bool, err error) {
	return d.one(ctx, "b.name = ? AND b.platform = ? AND b.inputs = ?", name, platform, inputs)
}

// Newest returns the newest build of a reference for a platform; with good set it is the newest that
// was built or tested.
func (d *DB) Newest(ctx context.Context, ref, platform string, good bool) (b Build, found bool, err error) {
	return d.one(ctx, "b.ref = ? AND b.platform = ? AND (NOT ? OR b.outcome IN ('built', 'tested'))", ref, platform, good)
}

// NewestOf returns the newest good build of any version of a repository, a reference without its tag.
func (d *DB) NewestOf(ctx context.Context, repository, platform string) (b Build, found bool, err error) {
	return d.one(ctx, "b.ref >= ? || ':' AND b.ref < ? || ';' AND b.platform = ? AND b.outcome IN ('built', 'tested')", repository, repository, platform)
}

// Empty tells whether no build is known.
func (d *DB) Empty(ctx context.Context) (bool, error) {
	var some bool
	err := d.sql.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM builds)").Scan(&some)
	return !some, d.fail("read", err)
}

func (d *DB) one(ctx context.Context, where string, args ...any) (b Build, found bool, err error) {
	row := d.sql.QueryRowContext(ctx, selectBuilds+" WHERE "+where+" ORDER BY b.id DESC LIMIT 1", args...)
	if err := row.Err(); err != nil {
		return b, false, d.fail("read", err)
	}
	b, err = scanBuild(row)
	if errors.Is(err, sql.ErrNoRows) {
		return b, false, nil
	}
	return b, err == nil, d.fail("read", spoiled(err))
}

func scanBuild(row interface{ Scan(...any) error }) (Build, error) {
	var b Build
	var began int64
	var ended sql.NullInt64
	var reasons, parts, tail string
	err := row.Scan(&b.ID, &b.Run, &b.Ref, &b.Name, &b.Version, &b.Platform, &reasons, &b.Inputs, &parts, &b.Tree,
		&b.Digest, &b.Size, &began, &ended, &b.Outcome, &b.Test, &b.Tries, &b.Error, &tail, &b.Log)
	if err != nil {
		return b, err
	}
	b.Began, b.Ended = fromNano(began), fromNull(ended)
	b.Reasons, b.Parts = json.RawMessage(reasons), json.RawMessage(parts)
	if tail != "" {
		err = json.Unmarshal([]byte(tail), &b.Tail)
	}
	return b, err
}

// SetList records which images a configuration file lists, and forgets the builds of those that it
// listed before and does not list now.
func (d *DB) SetList(ctx context.Context, path string, names []string) error {
	keep, err := json.Marshal(append([]string{}, names...))
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	return d.write(ctx, func(tx *sql.Tx) error {
		for _, s := range []struct {
			query string
			args  []any
		}{
			{`DELETE FROM builds WHERE name IN (SELECT name FROM lists WHERE path = ? AND name NOT IN (SELECT value FROM json_each(?)))
				AND name NOT IN (SELECT name FROM lists WHERE path <> ?)`, []any{path, string(keep), path}},
			{`DELETE FROM artifacts WHERE name IN (SELECT name FROM lists WHERE path = ? AND name NOT IN (SELECT value FROM json_each(?)))
				AND name NOT IN (SELECT name FROM lists WHERE path <> ?)`, []any{path, string(keep), path}},
			{"DELETE FROM lists WHERE path = ?", []any{path}},
			{"INSERT INTO lists (path, name) SELECT ?, value FROM json_each(?)", []any{path, string(keep)}},
		} {
			if _, err := tx.ExecContext(ctx, s.query, s.args...); err != nil {
				return d.fail("write", err)
			}
		}
		return nil
	})
}

func fromNano(ns int64) time.Time { return time.Unix(0, ns).UTC() }

func fromNull(ns sql.NullInt64) time.Time {
	if !ns.Valid {
		return time.Time{}
	}
	return fromNano(ns.Int64)
}
