package slipway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/source"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/state"
)

// warnUnprotected tells of repositories whose files anybody on the way may change.
func (s *Session) warnUnprotected(listed []*fleet.Listed, r reading) {
	for _, l := range listed {
		if l.Unprotected && !r.quiet {
			s.warnOnce(problem.Text(fmt.Sprintf("%s: nothing proves that the files of %s come from %s", l.Place(), l.Name, l.Shown), "use https or ssh"))
		}
	}
}

// repositories are the checkouts of one configuration file, below the state's folder. Who only looks,
// where there is no such folder, has them in a temporary one until forget is called.
func (s *Session) repositories(looking bool) (_ *source.Repositories, forget func(), err error) {
	dir, err := s.StateFolder()
	if err != nil {
		return nil, nil, err
	}
	list, err := s.listID()
	if err != nil {
		return nil, nil, err
	}
	forget = func() {}
	if looking && missing(dir) {
		if dir, err = os.MkdirTemp("", "slipway-"); err != nil {
			return nil, nil, fmt.Errorf("cannot make a folder for checkouts: %w", err)
		}
		forget = func() { os.RemoveAll(dir) } // a temporary folder; what stays of it harms nobody
	}
	sum := sha256.Sum256([]byte(list))
	r := source.New(filepath.Join(dir, "sources", hex.EncodeToString(sum[:6])), "git")
	if r.Env, err = gitEnvironment(s.config, os.Environ()); err != nil {
		forget()
		return nil, nil, err
	}
	r.Progress = func(g source.Git, line string) {
		if s.opts.Verbose {
			s.tell(Progress, fmt.Sprintf("%s: %s", g, line))
		}
	}
	return r, forget, nil
}

// listID tells the lists of different configuration files apart.
func (s *Session) listID() (string, error) {
	path, err := filepath.Abs(s.config.File())
	if err != nil {
		return "", fmt.Errorf("cannot find the configuration file: %w", err)
	}
	return path, nil
}

// forgetUnlisted drops from the state what this list had once and has no more.
func (s *Session) forgetUnlisted(ctx context.Context, db *state.DB) error {
	id, err := s.listID()
	if err != nil {
		return err
	}
	list, err := fleet.IncludedList(s.config)
	if err != nil {
		return err
	}
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = l.Name
	}
	return db.SetList(context.WithoutCancel(ctx), id, names)
}
