package slipway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/imagetest/fleettest"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/state"
)

// StateFolder is where the state file is: StateDir, else Root.
func (s *Session) StateFolder() (string, error) {
	if s.opts.StateDir == "" {
		return s.Root()
	}
	dir, err := filepath.Abs(s.opts.StateDir)
	if err != nil {
		return "", fmt.Errorf("cannot find state folder: %w", err)
	}
	return dir, nil
}

// missing tells that there is no such folder.
func missing(dir string) bool {
	_, err := os.Stat(dir)
	return errors.Is(err, fs.ErrNotExist)
}

// openState opens the state and says if it had to begin a new one. Where it cannot be written, a
// command that only looks reads it, and others go on with one in memory: it only explains. Who only
// looks makes no folder.
func (s *Session) openState(ctx context.Context, looking bool) (*state.DB, error) {
	dir, err := s.StateFolder()
	if err != nil {
		return nil, err
	}
	if looking && missing(dir) {
		return state.Memory(ctx)
	}
	db, err := state.Open(ctx, dir)
	switch {
	case err == nil:
		s.saySetAside(db)
		return db, nil
	case !state.Unwritable(err):
		return nil, err
	case looking:
		if db, err := state.OpenReadOnly(ctx, dir); err == nil {
			return db, nil
		}
	default:
		s.warn("this run leaves no history: " + err.Error())
	}
	return state.Memory(ctx)
}

// verification is the test of images, as the configuration has it.
func verification(cfg *config.Config) fleettest.Test {
	return fleettest.Test{Test: imagetest.Test{Command: cfg.VerifyCommand, Args: cfg.VerifyArgs, Timeout: cfg.VerifyTimeout}}
}

// decide compares what the images would be made from with what the store and the state know. What a
// damaged state says does not count.
func (s *Session) decide(ctx context.Context, db *state.DB, f *fleet.Fleet, o plan.Options, client *registry.Client) (d facts.Decision, err error) {
	sources := facts.Sources{
		Stored: s.stored, Check: s.checkStored, State: db,
		Test: verification(s.config), Level: engine.Level,
		Unwritten: func(ctx context.Context, err error) error {
			return s.unwritten(ctx, "files that did not change are read again next time", err)
		},
	}
	if client != nil {
		sources.Look, sources.Bases = client.Look, s.config.BaseImages
	}
	err = s.mended(ctx, db, func() error {
		d, err = sources.Decide(ctx, f, o)
		return err
	})
	if err == nil {
		s.hideInPlan(d.Plan)
	}
	return d, err
}

// orLocal says how to do without a registry that gave no answer, unless it is what was asked for.
func orLocal(ctx context.Context, o PlanOptions, err error) error {
	if e := (*registry.Error)(nil); errors.As(err, &e) && ctx.Err() == nil && o.Publish != Always {
		return problem.With(err, "--local does not ask what is published")
	}
	return err
}

// asked is the client that asks the registry what is published, and remembers it in the state; nil when
// there is no registry to ask.
func (s *Session) asked(o PlanOptions, db *state.DB) (*registry.Client, error) {
	if !s.asks(o) {
		if o.Publish == Always {
			return nil, problem.With(fmt.Errorf("%s: cannot publish: no registry is configured", s.config.File()), "give the key registry")
		}
		return nil, nil
	}
	client, _, err := s.registryClient(func(way *registry.Options) {
		way.Memory, way.Fresh = facts.Memory{State: db}, s.config.RegistryTrust
	})
	return client, err
}
