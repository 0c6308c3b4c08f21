package slipway

import (
	"context"
	"fmt"

	"github.com/slipway-build/slipway/state"
)

// mended calls f, and once more with a new state if f finds the state damaged.
func (s *Session) mended(ctx context.Context, db *state.DB, f func() error) error {
	err := f()
	if !state.Damaged(err) {
		return err
	}
	if err := s.renewState(ctx, db); err != nil {
		return err
	}
	return f()
}

// renewState begins a new state in the place of a damaged one, if only in memory.
func (s *Session) renewState(ctx context.Context, db *state.DB) error {
	path := db.Path()
	if err := db.Renew(ctx); err != nil {
		s.warn(fmt.Sprintf("the state %s is damaged, and nothing of it is used: %v", path, err))
		return ctx.Err()
	}
	s.saySetAside(db)
	return nil
}

func (s *Session) saySetAside(db *state.DB) {
	if db.SetAside != "" {
		s.warn(fmt.Sprintf("the state was damaged; it is in %s, and a new one was begun", db.SetAside))
	}
}

// unwritten says what follows from a state that cannot be written, which stops nothing. Damage is the
// caller's to mend.
func (s *Session) unwritten(ctx context.Context, what string, err error) error {
	if err == nil || ctx.Err() != nil || state.Damaged(err) {
		return err
	}
	s.warn(what + ": " + err.Error())
	return nil
}
