package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/state"
)

func builtNames(list []state.Named) []nameable {
	all := make([]nameable, len(list))
	for i, n := range list {
		repository, tag, _ := fleet.SplitRef(n.Ref)
		all[i] = nameable{repository: repository, name: n.Name, tag: tag, ref: n.Ref}
	}
	return all
}

// historyOf returns the builds of the image that q.Name means, the newest first, or says which one may
// have been meant. Several versions of it are no question: all are listed, and the newest is shown.
func historyOf(ctx context.Context, db *state.DB, q state.Query) (builds []state.Build, hint string, err error) {
	builds, err = db.History(ctx, q)
	if len(builds) > 0 || err != nil || q.Name == "" {
		return builds, "", err
	}
	names, err := db.Names(ctx)
	if err != nil {
		return nil, "", err
	}
	all := builtNames(names)
	found := meant(q.Name, all)
	if len(found) == 0 {
		if near := nearest(q.Name, all); len(near) > 0 {
			return nil, "did you mean " + alternatives(near, 3) + "?", nil
		}
		return nil, "`slipway history` lists what was built", nil
	}
	if slices.ContainsFunc(found, func(n nameable) bool { return n.name != found[0].name }) {
		return nil, "", fmt.Errorf("cannot find %s in the history: %w", q.Name, unclear(found))
	}
	given := q.Name
	if q.Name = found[0].name; len(found) == 1 {
		if _, tag := cutTag(given); tag != "" {
			q.Name = found[0].ref
		}
	}
	builds, err = db.History(ctx, q)
	return builds, "`slipway history` lists what was built", err
}
