package slipway

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/recipe"
)

// UsageError is an error of what the caller asked for, not of the fleet or the world.
type UsageError struct{ Err error }

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *UsageError) Unwrap() error { return e.Err }

// Scan reads the fleet in a directory and the images that the configuration lists, or without a directory only
// the latter. Nothing is built or asked; repositories of listed images are fetched. Definitions that cannot be
// read are in the fleet's Broken.
func (s *Session) Scan(ctx context.Context, directory string) (*fleet.Fleet, error) {
	f, release, err := s.scan(ctx, reading{directory: directory, looking: true, repositories: allOf})
	if err == nil {
		release()
	}
	return f, err
}

// Publishing says whether images are published.
type Publishing string

// The values of Publishing.
const (
	IfCredentials Publishing = ""       // when the configuration has a registry, a username and a password
	Always        Publishing = "always" // with credentials of "slipway login" if the configuration has none
	Never         Publishing = "never"
)

// PlanOptions say what is to be planned.
type PlanOptions struct {
	// Directory is the fleet's. When empty only images are meant that the configuration lists.
	Directory string
	// Select is a glob of names and tags: only what matches is built, and what it needs. See fleet.CheckGlob.
	Select string
	// Nightly and Snapshot append the date, or date and time, to every tag.
	Nightly, Snapshot bool
	// Force builds what is selected even if nothing changed, and replaces what is published.
	Force bool
	// Local does not ask the registry, NoPull fetches nothing from it.
	Local, NoPull bool
	Publish       Publishing
	Given         Given
}

// suffix is what is appended to every tag.
func (o PlanOptions) suffix(now time.Time) string {
	switch {
	case o.Nightly:
		return now.Format("-20060102")
	case o.Snapshot:
		return now.Format("-20060102-150405")
	}
	return ""
}

// planned are the plan's own options, but for what an interrupted run has done already.
func (s *Session) planned(o PlanOptions) plan.Options {
	p := plan.Options{
		Select: o.Select, Strict: s.config.Strict,
		NoPull: o.NoPull, Replace: o.Force, Publish: s.Publishes(o), TrustVersions: s.config.TrustVersions,
	}
	if o.Force {
		p.Force = func(*fleet.Image) bool { return true }
	}
	return p
}

// asks tells whether the registry is asked what is published.
func (s *Session) asks(o PlanOptions) bool { return s.config.Registry != "" && !o.Local }

// Publishes tells whether images are published. Credentials that a person's login has left do not mean that.
func (s *Session) Publishes(o PlanOptions) bool {
	return s.asks(o) && (o.Publish == Always || o.Publish == IfCredentials && s.config.Username != "" && s.config.Password != "")
}

// Planned is a plan and what it was made of. Close gives back the files of repositories.
type Planned struct {
	Fleet *fleet.Fleet
	Plan  *plan.Plan

	decision facts.Decision
	release  func()
}

// Close implements io.Closer. It never fails.
func (p *Planned) Close() error {
	p.release()
	return nil
}

// Plan decides what Build would do, and says why. Nothing is built, and no engine is started.
func (s *Session) Plan(ctx context.Context, o PlanOptions) (_ *Planned, err error) {
	db, err := s.openState(ctx, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	given, err := s.given(ctx, o.Given)
	if err != nil {
		return nil, err
	}
	defer s.opts.Reading()()
	client, err := s.asked(o, db)
	if err != nil {
		return nil, err
	}
	p, suffix := &Planned{release: func() {}}, o.suffix(time.Now())
	err = s.steady(ctx, o.Directory, true, func() (err error) {
		p.release()
		if p.Fleet, p.release, err = s.read(ctx, reading{directory: o.Directory, suffix: suffix, looking: true, repositories: allOf}); err != nil {
			p.release = func() {}
			return err
		}
		options := s.planned(o)
		options.Refuse = given.refuses(p.Fleet)
		p.decision, err = s.decide(ctx, db, p.Fleet, options, client)
		p.Plan = p.decision.Plan
		return orLocal(ctx, o, err)
	})
	if err != nil {
		p.release()
		return nil, err
	}
	s.warnPlan(p.Plan, o.Select)
	s.warnUntested(p.Fleet, p.Plan)
	s.warnGit(p.Fleet)
	s.warnLacking(p.Fleet, p.decision)
	s.noteUngiven(p.Plan, given)
	return p, nil
}

// Made is what an image is made from: a change of anything else changes nothing.
type Made struct {
	Args    []string // names of build arguments, sorted
	Parents []string // images, as the Dockerfile writes them
	// Commit and Repository, if not empty, are where its files come from.
	Commit, Repository string
	// Known tells that a build has noted which files it takes; Whole that an instruction takes the whole folder.
	Known, Whole bool
	// Files are those that its build takes, if they are Known and not the Whole folder: sorted, below the
	// image's folder.
	Files []string
}

// MadeFrom says what an image of the plan is made from.
func (p *Planned) MadeFrom(ctx context.Context, img *fleet.Image) (m Made, err error) {
	m.Args = slices.Sorted(maps.Keys(img.Args(p.Fleet.Recipe(img))))
	for _, parent := range img.MadeFrom(func(string) digests.Config { return "" }) {
		if parent.Written == "" {
			parent.Written = parent.Ref
		}
		m.Parents = append(m.Parents, parent.Written)
	}
	if source := img.Definition.Source(); source.Commit != "" {
		m.Commit, m.Repository = source.Commit, source.Shown
		return m, nil
	}
	followed := p.followed(img)
	m.Known, m.Whole = followed.Known, followed.Known && followed.Whole()
	if m.Known && !m.Whole {
		m.Files, err = p.decision.Inputs.Followed(ctx, img, followed)
	}
	return m, err
}

func (p *Planned) followed(img *fleet.Image) recipe.Followed { return p.decision.Followed(img) }
