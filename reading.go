package slipway

import (
	"context"
	"errors"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/source"
)

// reading says what a call reads of a fleet.
type reading struct {
	directory string // empty for the configuration's list alone
	suffix    string // of every tag
	looking   bool   // nothing is changed, so no folder is made
	// repositories tells whose repositories of the list are fetched. Of the others names and tags are known.
	repositories func(config.Listed) bool
	unlisted     bool // the list is left out, but for its names and tags
	cycles       bool // see fleet.ScanOptions.KeepCycles
	quiet        bool // no warnings: the output is for another program
}

// allOf and noneOf are for reading.repositories.
func allOf(config.Listed) bool  { return true }
func noneOf(config.Listed) bool { return false }

// read reads the fleet: the images below the directory, and those that the configuration lists. The files
// stay until release is called.
func (s *Session) read(ctx context.Context, r reading) (_ *fleet.Fleet, release func(), err error) {
	o, repositories, release, err := s.find(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	f, err := fleet.Scan(ctx, o)
	if err != nil {
		release()
		return nil, nil, err
	}
	names := make([]string, len(f.Images))
	for i, img := range f.Images {
		names[i] = img.Name
	}
	s.spare(names...)
	if !r.quiet {
		for _, w := range s.Told(f.Warnings) {
			s.warnOnce(w.Error())
		}
	}
	// What is not needed any more goes; what another process reads stays.
	if commits, complete := fleet.Commits(o.Listed); complete && repositories != nil {
		if _, err := repositories.Prune(ctx, commits...); err != nil {
			s.warn(err.Error())
		}
	}
	return f, release, nil
}

// find finds what a scan reads. The files stay until release is called.
func (s *Session) find(ctx context.Context, r reading) (o fleet.ScanOptions, repositories *source.Repositories, release func(), err error) {
	o = fleet.ScanOptions{Dir: r.directory, Config: s.config, TagSuffix: r.suffix, ParseDockerfile: dockerfile.Parse, KeepCycles: r.cycles}
	release = func() {}
	list, err := fleet.IncludedList(s.config)
	switch {
	case err != nil:
		return o, nil, nil, err
	case len(s.config.Builder) == 0 && r.directory == "":
		return o, nil, nil, &UsageError{errors.New("DIRECTORY is missing, and the configuration lists no images under \"builder\"")}
	case len(s.config.Builder) == 0 || r.unlisted:
		return o, nil, release, nil
	}
	forget := func() {}
	for _, l := range list {
		if repositories == nil && r.repositories(l) {
			if repositories, forget, err = s.repositories(r.looking); err != nil {
				return o, nil, nil, err
			}
		}
	}
	listed, closeAll, err := fleet.FindListed(ctx, list, repositories, r.repositories)
	if err != nil {
		forget()
		return o, nil, nil, err
	}
	s.warnUnprotected(listed, r)
	o.Listed = listed
	return o, repositories, func() { closeAll(); forget() }, nil
}
