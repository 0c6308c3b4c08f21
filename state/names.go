package state

import (
	"context"
	"database/sql"
)

// Named is an image that was built.
type Named struct{ Name, Ref, Version string }

// Names lists the images that were built, each reference once, what was built last first.
func (d *DB) Names(ctx context.Context) (names []Named, err error) {
	const query = "SELECT name, ref, version, MAX(id) AS newest FROM builds GROUP BY ref ORDER BY newest DESC"
	err = d.each(ctx, query, nil, func(rows *sql.Rows) error {
		var n Named
		var id int64
		err := rows.Scan(&n.Name, &n.Ref, &n.Version, &id)
		names = append(names, n)
		return err
	})
	return names, err
}
