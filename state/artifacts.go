package state

import (
	"context"
	"database/sql"
	"time"

	"github.com/slipway-build/slipway/digests"
)

// Artifact is an image that a run built, or fetched from its registry. The same image made again is the
// same artifact.
type Artifact struct {
	Ref      string           `json:"ref"` // registry/namespace/name:tag
	Name     string           `json:"name"`
	Platform string           `json:"platform"`
	Digest   digests.Manifest `json:"digest"`
	Inputs   digests.Inputs   `json:"inputs,omitempty"` // empty when that is not known
	Size     int64            `json:"size,omitempty"`   // of its blobs, in bytes; zero when that is not known
	Made     time.Time        `json:"made"`             // when it was first built or fetched
	Run      int64            `json:"run"`              // that did so
}

// AddArtifact records an image that no build made: a run fetched it.
func (d *DB) AddArtifact(ctx context.Context, a Artifact) error {
	_, err := d.sql.ExecContext(ctx, addArtifact, a.Ref, a.Name, a.Platform, a.Digest, a.Inputs, a.Size, a.Made.UnixNano(), a.Run)
	return d.fail("write", err)
}

// addArtifact keeps when and by which run an image was first made, and takes what was not known of it then.
const addArtifact = `INSERT INTO artifacts (ref, name, platform, digest, inputs, size, made, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET size = max(size, excluded.size), inputs = iif(inputs = '', excluded.inputs, inputs)`

// setArtifact makes a build refer to the image that came of it; to none for an empty digest.
func setArtifact(ctx context.Context, tx *sql.Tx, b Build) error {
	if b.Digest == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, addArtifact, b.Ref, b.Name, b.Platform, b.Digest, b.Inputs, b.Size, b.Ended.UnixNano(), b.Run)
	if err == nil {
		_, err = tx.ExecContext(ctx, "UPDATE builds SET artifact = (SELECT id FROM artifacts WHERE ref = ? AND platform = ? AND digest = ?) WHERE id = ?",
			b.Ref, b.Platform, b.Digest, b.ID)
	}
	return err
}

// Artifacts returns what a run was the first to build or fetch, in that order; never nil.
func (d *DB) Artifacts(ctx context.Context, run int64) ([]Artifact, error) {
	all := []Artifact{}
	const query = "SELECT ref, name, platform, digest, inputs, size, made, run FROM artifacts WHERE run = ? ORDER BY id"
	err := d.each(ctx, query, []any{run}, func(rows *sql.Rows) error {
		var a Artifact
		var made int64
		err := rows.Scan(&a.Ref, &a.Name, &a.Platform, &a.Digest, &a.Inputs, &a.Size, &made, &a.Run)
		a.Made = fromNano(made)
		all = append(all, a)
		return err
	})
	return all, err
}
