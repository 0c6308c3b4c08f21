package state

import "context"

// FileName is for tests.
const FileName = fileName

// Runs returns the newest runs first, at most limit.
func (d *DB) Runs(ctx context.Context, limit int) ([]Run, error) {
	return d.runs(ctx, "ORDER BY id DESC LIMIT ?", limit)
}
