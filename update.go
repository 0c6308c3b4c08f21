package slipway

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/updating"
	"github.com/slipway-build/slipway/version"
)

// UpdateOptions say which images get a changelog entry, and what is in it.
type UpdateOptions struct {
	Directory string // of the fleet
	Name      string // of the image; all that depend on it get an entry, too
	Reason    string // the entry's text; docker-pkg's "Security update" when empty
	Version   string // the image's new version; when empty the next one
	Force     bool   // allows a Version that is older than the newest entry's
	// Author and Email are the entry's. When both are empty they are those of the environment, of git or of the
	// configuration, in this order.
	Author, Email string
	// Planned, if not nil, is called before anything is written.
	Planned func([]fleet.Edit)
}

// PlanUpdate says what Update would write.
func (s *Session) PlanUpdate(ctx context.Context, o UpdateOptions) (edits []fleet.Edit, err error) {
	return edits, s.steady(ctx, o.Directory, true, func() error {
		_, edits, err = s.planUpdate(ctx, o)
		return err
	})
}

func (s *Session) planUpdate(ctx context.Context, o UpdateOptions) (*fleet.Fleet, []fleet.Edit, error) {
	f, release, err := s.read(ctx, reading{directory: o.Directory, unlisted: true}) // the list has no changelogs
	if err != nil {
		return nil, nil, err
	}
	defer release()
	if o.Author == "" && o.Email == "" {
		who := author{env: s.opts.Env, git: gitConfig(ctx), name: s.config.FallbackAuthor, email: s.config.FallbackEmail}
		o.Author, o.Email = who.find()
	}
	edits, err := fleet.PlanUpdate(f, o.Name, fleet.UpdateOptions{
		Reason: o.Reason, Version: version.Version(o.Version), Force: o.Force, Author: o.Author, Email: o.Email,
		Distribution: s.config.Distribution, UpdateID: s.config.UpdateID, Now: time.Now(),
	})
	if err == nil {
		for _, p := range fleet.Passed(f, edits) {
			s.warnOnce(s.known().Text(p.Error()))
		}
	}
	return f, edits, err
}

// Update adds a changelog entry to an image and to all that depend on it, however far: all changelogs are written
// or none. It holds the tree's lock from before the fleet is read until they are.
func (s *Session) Update(ctx context.Context, o UpdateOptions) (_ []fleet.Edit, err error) {
	s.begin()
	if info, err := os.Stat(o.Directory); err != nil || !info.IsDir() {
		_, _, err = s.planUpdate(ctx, o) // says what is wrong with it
		return nil, err
	}
	u, err := updating.Begin(ctx, o.Directory, s.updating(o.Directory))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.Close()) }()
	f, edits, err := s.planUpdate(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Planned != nil {
		o.Planned(edits)
	}
	return edits, fleet.ApplyUpdate(u, f, edits)
}
