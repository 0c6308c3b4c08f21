package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/platform"
)

// ScanOptions say what Scan reads and with what.
type ScanOptions struct {
	Dir    string // the folder to walk; empty for none, but for the images of the list
	Config *config.Config

	// TagSuffix is put behind every version: "-20260131" for a nightly build.
	TagSuffix string

	// Platform is what this machine builds for; empty is platform.Machine. Without slipway.platforms all images
	// are made for it.
	Platform platform.Platform

	// ParseDockerfile reads a rendered Dockerfile; a *ParseError says where it cannot. It is called
	// by several goroutines at once. Without it dependencies come from control files alone, and
	// force_numeric_user is not checked. Args and target are the recipe's.
	ParseDockerfile func(data []byte, args map[string]string, target string) (Dockerfile, error)

	// Listed are images of the configuration's list, which FindListed found. Without them the names and
	// tags of the list are known all the same.
	Listed []*Listed

	// KeepCycles makes dependency cycles the Err of the images on them and of those that need them,
	// for who looks at images one by one. In Fleet.Order they come last, in the order of names.
	KeepCycles bool

	kinds []kind // to read; nil for all

	// Warn, if not nil, is called for each of Fleet.Warnings, in their order, before Scan returns.
	Warn func(Problem)
}

// Scan reads all definitions below a folder, and those of the list. What is wrong with one definition never
// stops it: it is Image.Err, or Fleet.Broken when not even the name could be read. The error of Scan itself
// means that there is no fleet: the folder cannot be read, two images have one name, there are dependency
// cycles (of either, all are listed), or ctx ended. The result does not depend on config.ScanWorkers.
func Scan(ctx context.Context, o ScanOptions) (*Fleet, error) {
	s, err := begin(ctx, o)
	if err == nil {
		err = s.taken
	}
	if err != nil {
		return nil, err
	}
	others := s.split()
	results, err := s.render(ctx, false)
	if err != nil {
		return nil, err
	}
	if err := s.join(ctx, others); err != nil {
		return nil, err
	}
	s.report(results)
	if err := s.fleet.link(); err != nil {
		if !o.KeepCycles {
			return nil, err
		}
		s.fleet.blameCycles()
	}
	if t := s.fleet.targets; t != nil {
		t.arrange(s.fleet)
		if err := t.link(); err != nil {
			return nil, err
		}
	}
	return s.fleet, nil
}

// scan is one reading of a fleet on its way.
type scan struct {
	ScanOptions
	tree        *tree
	fleet       *Fleet
	found       found
	definitions []definition // of fleet.Images, by Image.index
	count       int          // of definitions, with those that are no images
	taken       error        // two images have one name
	problems    []Problem    // about keys of the configuration
	platforms   []platform.Platform
	part        bool          // it is of one platform of several
	also        []Observation // warnings of such scans
}

// begin is the first phase: names and versions, from which the second makes references.
func begin(ctx context.Context, o ScanOptions) (*scan, error) {
	if o.Config == nil {
		return nil, errors.New("internal error: cannot scan without a configuration")
	}
	t, err := openTree(o.Dir)
	if err == nil {
		t.exclude, err = newExclusion(o.Config)
	}
	if err != nil {
		return nil, err
	}
	s := &scan{ScanOptions: o, tree: t, fleet: &Fleet{Root: t.root, dir: t.dir, exclude: t.exclude}}
	s.platforms, s.fleet.Platform = o.configured()
	definitions, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	s.count, s.fleet.Broken = len(definitions), s.found.broken
	for _, d := range definitions {
		if d.problem != nil {
			s.fleet.Broken = append(append(s.fleet.Broken, *d.problem), d.further...)
		} else {
			s.fleet.Images = append(s.fleet.Images, d.image)
		}
	}
	sortProblems(s.fleet.Broken)
	s.taken = s.fleet.index()
	s.definitions = make([]definition, len(s.fleet.Images))
	for _, d := range definitions {
		if d.image != nil {
			s.definitions[d.image.index] = d
		}
	}
	if o.Config.Slipway.GitModes {
		s.fleet.keepModes()
	}
	return s, nil
}

// render is the second phase: Dockerfiles, and with them the edges of the graph. Everything tells to look
// at each template closely, whether or not there is a problem.
func (s *scan) render(ctx context.Context, everything bool) ([]rendered, error) {
	r := newRenderer(s)
	r.everything = everything
	results := make([]rendered, len(s.definitions))
	err := s.parallel(ctx, len(s.definitions), func(i int) {
		if !s.part || s.definitions[i].image.made() {
			results[i] = r.image(s.definitions[i])
		}
	})
	if err != nil {
		return nil, err
	}
	if err := r.checkKept(results); err != nil {
		return nil, err
	}
	r.triggers(results)
	for i, result := range results {
		img := s.definitions[i].image
		s.definitions[i].keep(img.Platform, result.recipe)
		s.fleet.missing = append(s.fleet.missing, result.missing...)
		if img.made() {
			s.fleet.lacking(img)
		}
	}
	if s.part {
		return results, nil
	}
	sortProblems(s.fleet.missing)
	s.problems, err = r.keyProblems(ctx)
	return results, err
}

func (s *scan) report(results []rendered) {
	s.fleet.Warnings = slices.Concat(s.found.warnings, s.found.nameless, s.problems)
	for i, result := range results {
		s.fleet.Warnings = append(append(s.fleet.Warnings, s.definitions[i].warnings...), result.warnings...)
	}
	s.fleet.Warnings = append(s.fleet.Warnings, s.fleet.missing...)
	sortProblems(s.fleet.Warnings)
	s.fleet.Warnings = slices.Compact(s.fleet.Warnings)
	s.reportAlso()
	if s.Warn != nil {
		for _, w := range s.fleet.Warnings {
			s.Warn(w)
		}
	}
}

// reportAlso adds what is told of other platforms alone.
func (s *scan) reportAlso() {
	if len(s.also) == 0 {
		return
	}
	for _, w := range s.also {
		if !slices.ContainsFunc(s.fleet.Warnings, w.same) {
			s.fleet.Warnings = append(s.fleet.Warnings, w.Problem)
		}
	}
	sortProblems(s.fleet.Warnings)
}

// parallel calls do for 0 to n-1 from at most config.ScanWorkers goroutines.
func (s *scan) parallel(ctx context.Context, n int, do func(i int)) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(max(s.Config.ScanWorkers, 1), n) {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if ctx.Err() != nil {
					return fmt.Errorf("cannot scan %s: %w", s.tree.dir, context.Cause(ctx))
				}
				do(i)
			}
		})
	}
	return group.Wait()
}

// show is a file of an image's folder as messages have it.
func (s *scan) show(img *Image, file string) string {
	if file == controlFile {
		return img.declares
	}
	return img.Definition.Source().Path(file)
}
