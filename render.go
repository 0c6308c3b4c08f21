package slipway

import (
	"context"
	"errors"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/lint"
	"github.com/slipway-build/slipway/plan"
)

// Render reads the fleet for its Dockerfiles, see fleet.Fleet.Recipe: also those of images that depend on one
// another in a circle, which cannot be built. With a name only the repository of that listed image is fetched. It
// gives no warnings: who renders wants the text.
func (s *Session) Render(ctx context.Context, directory, name string) (*fleet.Fleet, error) {
	repositories := allOf
	if name != "" {
		repositories = func(l config.Listed) bool { return l.Name == name }
	}
	f, release, err := s.scan(ctx, reading{directory: directory, looking: true, repositories: repositories, cycles: true, quiet: true})
	if err == nil {
		release() // the Dockerfiles are read
	}
	return f, err
}

// Lint judges every definition of a fleet, and builds and fetches nothing. Given are the secrets that builds
// will be given beside those of the configuration; they are not read.
func (s *Session) Lint(ctx context.Context, directory string, given Given) (report *lint.Report, err error) {
	all, err := s.declared(given)
	if err != nil {
		return nil, err
	}
	err = s.steady(ctx, directory, true, func() (err error) {
		scan, _, release, err := s.find(ctx, reading{directory: directory, looking: true, repositories: noneOf})
		if err != nil {
			return err
		}
		defer release()
		report, err = lint.Run(ctx, lint.Options{
			ScanOptions: scan,
			ReadDockerfile: func(data []byte, args map[string]string, target string, bases lint.Bases) (lint.Dockerfile, error) {
				return dockerfile.Lint(ctx, data, args, target, bases)
			},
			Given: func(img *fleet.Image, use fleet.SecretUse) bool { return all.find(img, use.SSH, use.ID) != nil },
		})
		return err
	})
	if err == nil {
		s.hideInReport(report)
	}
	return report, err
}

func (s *Session) hideInReport(r *lint.Report) {
	hide := func(f *lint.Finding) { f.Text, f.Hint = s.known().Text(f.Text), s.Text(f.Hint) }
	for i := range r.Findings {
		hide(&r.Findings[i])
	}
	for i := range r.Suppressed {
		hide(&r.Suppressed[i].Finding)
	}
}

// BrokenError is what is wrong with definitions, for calls that go on with the others: what cannot be read
// and, given a plan, what cannot be built.
func BrokenError(f *fleet.Fleet, p *plan.Plan) error {
	var errs []error
	for _, b := range f.Broken {
		errs = append(errs, b)
	}
	if p != nil {
		said := map[string]bool{} // the targets of an image share what is wrong with it
		for _, s := range p.Steps {
			if s.Err != nil && s.Action.Stuck() && !said[s.Err.Error()] {
				said[s.Err.Error()] = true
				errs = append(errs, s.Err)
			}
		}
	}
	return errors.Join(errs...)
}
