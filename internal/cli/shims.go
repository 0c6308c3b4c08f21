package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/state"
	"github.com/slipway-build/slipway/store"
)

// What stands here goes with the commands that still use it.

func (a *app) stateFolder() (string, error) {
	if a.stateDir == "" {
		return a.engineRoot()
	}
	return filepath.Abs(a.stateDir)
}

func missing(dir string) bool {
	_, err := os.Stat(dir)
	return errors.Is(err, fs.ErrNotExist)
}

func (a *app) mended(ctx context.Context, db *state.DB, f func() error) error {
	err := f()
	if !state.Damaged(err) {
		return err
	}
	path := db.Path()
	if err := db.Renew(ctx); err != nil {
		a.printWarning(fmt.Sprintf("the state %s is damaged, and nothing of it is used: %v", path, err))
		return f()
	}
	a.saySetAside(db)
	return f()
}

func (a *app) saySetAside(db *state.DB) {
	if db.SetAside != "" {
		a.printWarning(fmt.Sprintf("the state was damaged; it is in %s, and a new one was begun", db.SetAside))
	}
}

func removeImages(ctx context.Context, e *engine.Engine, st *store.Store, refs []string) (int64, error) {
	before, err := st.ContentSize(ctx)
	if err != nil {
		return 0, err
	}
	layers, err := e.FreeAfter(ctx, func() error {
		for _, ref := range refs {
			if err := st.Remove(ctx, ref); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	after, err := st.ContentSize(ctx)
	return layers + before - after, err
}
