package runner

import (
	"context"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/state"
)

// Unfinished is what a run left that did not come to its end.
type Unfinished struct {
	Run state.Run
	// Done are the images that it built or tested.
	Done map[state.Target]bool
}

// FindUnfinished returns what the newest run of a command in a folder left, whatever ran since; nil if
// that run came to its end, or goes on.
func FindUnfinished(ctx context.Context, db *state.DB, command, folder string) (*Unfinished, error) {
	last, found, err := db.NewestRun(ctx, command, folder)
	switch {
	case err != nil || !found:
		return nil, err
	case last.Ended.IsZero() && last.Alive(): // this one will wait for it
		return nil, nil
	case !last.Ended.IsZero() && last.Outcome != state.OutcomeInterrupted:
		return nil, nil
	}
	builds, err := db.History(ctx, state.Query{Run: last.ID})
	if err != nil {
		return nil, err
	}
	u := &Unfinished{Run: last, Done: map[state.Target]bool{}}
	for _, b := range builds {
		if b.Outcome == string(event.Built) || b.Outcome == string(event.Tested) {
			u.Done[state.Target{Ref: b.Ref, Platform: b.Platform}] = true
		}
	}
	return u, nil
}
