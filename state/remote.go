package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/slipway-build/slipway/digests"
)

// Remote is what a registry answered.
type Remote struct {
	Digest string            // of the manifest or index
	ETag   string            // as the registry wrote it; "" when it gave none
	At     time.Time         // when it was last seen to be so
	Inside map[string]Inside // what was found in it, by platform
}

// Inside is what a manifest or index has for a platform. Its fields are those of registry.Inside, in the same
// order, so that one converts to the other.
type Inside struct {
	Looked      string            `json:"looked"` // which annotations were asked for
	ID          string            `json:"id"`     // digest of the configuration
	Annotations map[string]string `json:"annotations"`
}

// Remote returns what registries last answered about references, in their canonical form; unknown ones
// are left out.
func (d *DB) Remote(ctx context.Context, refs []string) (map[string]Remote, error) {
	list, err := json.Marshal(append([]string{}, refs...))
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	const query = "SELECT ref, digest, etag, at, inside FROM remote WHERE ref IN (SELECT value FROM json_each(?))"
	found := map[string]Remote{}
	err = d.each(ctx, query, []any{string(list)}, func(rows *sql.Rows) error {
		var r Remote
		var ref, inside string
		var at int64
		if err := rows.Scan(&ref, &r.Digest, &r.ETag, &at, &inside); err != nil {
			return err
		}
		r.At = fromNano(at)
		if err := json.Unmarshal([]byte(inside), &r.Inside); err != nil {
			return fmt.Errorf("what is inside %s: %w", ref, err)
		}
		found[ref] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// SaveRemote keeps what registries answered, all or nothing; an entry without a digest is forgotten. It
// only saves requests, so it waits for other writers two seconds at most, and does nothing where the
// state is ReadOnly.
func (d *DB) SaveRemote(ctx context.Context, answers map[string]Remote) error {
	if len(answers) == 0 || d.ReadOnly {
		return nil
	}
	return d.writeSoon(ctx, func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO remote (ref, digest, etag, at, inside) VALUES (?, ?, ?, ?, ?)")
		if err != nil {
			return d.fail("write", err)
		}
		defer insert.Close()
		forget, err := tx.PrepareContext(ctx, "DELETE FROM remote WHERE ref = ?")
		if err != nil {
			return d.fail("write", err)
		}
		defer forget.Close()
		for ref, r := range answers {
			if r.Digest == "" {
				_, err = forget.ExecContext(ctx, ref)
			} else {
				var inside []byte
				if inside, err = json.Marshal(r.Inside); err != nil {
					return fmt.Errorf("internal error: %w", err)
				}
				_, err = insert.ExecContext(ctx, ref, r.Digest, r.ETag, r.At.UnixNano(), string(inside))
			}
			if err != nil {
				return d.fail("write", err)
			}
		}
		return d.trim(ctx, tx, "remote")
	})
}

// Published returns what SetPublished noted of references: digests.
func (d *DB) Published(ctx context.Context, refs []string) (map[string]digests.Manifest, error) {
	list, err := json.Marshal(append([]string{}, refs...))
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	found := map[string]digests.Manifest{}
	err = d.each(ctx, "SELECT ref, digest FROM published WHERE ref IN (SELECT value FROM json_each(?))", []any{string(list)}, func(rows *sql.Rows) error {
		var ref string
		var digest digests.Manifest
		if err := rows.Scan(&ref, &digest); err != nil {
			return err
		}
		found[ref] = digest
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// SetPublished notes digests that references have at the registry; an empty digest forgets one. Unlike
// SaveRemote it fails where the state is ReadOnly: nobody else knows this.
func (d *DB) SetPublished(ctx context.Context, now map[string]digests.Manifest) error {
	if len(now) == 0 {
		return nil
	}
	return d.write(ctx, func(tx *sql.Tx) error {
		at := time.Now().UnixNano()
		for ref, digest := range now {
			var err error
			if digest == "" {
				_, err = tx.ExecContext(ctx, "DELETE FROM published WHERE ref = ?", ref)
			} else {
				_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO published (ref, digest, at) VALUES (?, ?, ?)", ref, digest, at)
			}
			if err != nil {
				return d.fail("write", err)
			}
		}
		return d.trim(ctx, tx, "published")
	})
}

// maxRefs bounds the references that are remembered: nightly builds have new ones each night.
const maxRefs = 50_000

// trim drops what was looked at longest ago.
func (d *DB) trim(ctx context.Context, tx *sql.Tx, table string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE ref IN (SELECT ref FROM "+table+" ORDER BY at DESC LIMIT -1 OFFSET ?)", maxRefs)
	return d.fail("clear", err)
}
