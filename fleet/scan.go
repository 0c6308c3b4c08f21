package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/config"
)

// ScanOptions say what Scan reads and with what.
type ScanOptions struct {
	Dir    string // the folder to walk; empty is the current one
	Config *config.Config

	// TagSuffix is put behind every version: "-20260131" for a nightly build.
	TagSuffix string

	// Platform is what templates see as "platform"; empty is linux and this machine's architecture.
	Platform string

	// ParseDockerfile reads a rendered Dockerfile; a *ParseError says where it cannot. It is called
	// by several goroutines at once. Without it dependencies come from control files alone, and
	// force_numeric_user is not checked.
	ParseDockerfile func(data []byte) (Dockerfile, error)

	// Listed are images of the configuration's list, which FindListed found; ListedOnly leaves Dir
	// alone. ParseListed is ParseDockerfile with the build arguments and the target of the entry.
	Listed      []*Listed
	ParseListed func(data []byte, args map[string]string, target string) (Dockerfile, error)
	ListedOnly  bool

	// KeepCycles makes dependency cycles the Err of the images on them and of those that need them,
	// for who looks at images one by one. In Fleet.Order they come last, in the order of names.
	KeepCycles bool

	// Warn, if not nil, is called for each of Fleet.Warnings, in their order, before Scan returns.
	Warn func(Problem)
}

// Scan reads all definitions below a folder. What is wrong with one definition never stops it: it
// is Image.Err, or Fleet.Broken when not even the name could be read. The error of Scan itself means
// that there is no fleet: the folder cannot be read, two folders have one name, there are dependency
// cycles (of either, all are listed), or ctx ended. The result does not depend on config.ScanWorkers.
func Scan(ctx context.Context, o ScanOptions) (*Fleet, error) {
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
	var found found
	if !o.ListedOnly {
		if found, err = t.walk(ctx); err != nil {
			return nil, err
		}
	}
	s := &scan{ScanOptions: o, tree: t, fleet: &Fleet{
		Root: t.root, dir: t.dir, Broken: found.broken, Warnings: append(found.warnings, found.nameless...),
	}}
	s.fleet.Platform = s.platform()
	if err := s.read(ctx, found.images); err != nil {
		return nil, err
	}
	if o.Config.Slipway.GitModes {
		s.fleet.keepModes()
	}
	if err := s.render(ctx); err != nil {
		return nil, err
	}
	s.report()
	if err := s.fleet.link(); err != nil {
		if !o.KeepCycles {
			return nil, err
		}
		s.fleet.blameCycles()
	}
	return s.fleet, nil
}

// scan is one Scan on its way.
type scan struct {
	ScanOptions
	tree        *tree
	fleet       *Fleet
	definitions []definition // of fleet.Images, by Image.index
}

// read is the first phase: names and versions, from which the second makes references.
func (s *scan) read(ctx context.Context, folders []folder) error {
	definitions := make([]definition, len(folders))
	r := &reader{tree: s.tree, config: s.Config, suffix: s.TagSuffix, platform: s.platform()}
	err := s.parallel(ctx, len(folders), func(i int) { definitions[i] = r.read(folders[i]) })
	if err != nil {
		return err
	}
	for _, l := range s.Listed {
		definitions = append(definitions, l.definition(r))
	}
	definitions = s.included(definitions)
	for _, d := range definitions {
		if d.problem != nil {
			s.fleet.Broken = append(append(s.fleet.Broken, *d.problem), d.further...)
		} else {
			s.fleet.Images = append(s.fleet.Images, d.image)
			s.fleet.Warnings = append(s.fleet.Warnings, d.warnings...)
		}
	}
	sortProblems(s.fleet.Broken)
	if err := s.fleet.index(); err != nil {
		return err
	}
	s.definitions = make([]definition, len(s.fleet.Images))
	for _, d := range definitions {
		if d.image != nil {
			s.definitions[d.image.index] = d
		}
	}
	return nil
}

// render is the second phase: Dockerfiles, and with them the edges of the graph.
func (s *scan) render(ctx context.Context) error {
	r := newRenderer(s)
	results := make([]rendered, len(s.definitions))
	err := s.parallel(ctx, len(s.definitions), func(i int) { results[i] = r.image(s.definitions[i]) })
	if err != nil {
		return err
	}
	if err := r.checkKept(results); err != nil {
		return err
	}
	r.triggers(results)
	for _, result := range results {
		s.fleet.Warnings = append(s.fleet.Warnings, result.warnings...)
		s.fleet.missing = append(s.fleet.missing, result.missing...)
	}
	sortProblems(s.fleet.missing)
	s.keep(results)
	problems, err := r.keyProblems(ctx)
	s.fleet.Warnings = append(s.fleet.Warnings, problems...)
	return err
}

// keep gives the definitions their recipes.
func (s *scan) keep(results []rendered) {
	for i, result := range results {
		s.definitions[i].draft.keep(s.platform(), result.recipe)
	}
}

func (s *scan) report() {
	s.fleet.Warnings = append(s.fleet.Warnings, s.fleet.missing...)
	sortProblems(s.fleet.Warnings)
	s.fleet.Warnings = slices.Compact(s.fleet.Warnings)
	if s.Warn != nil {
		for _, w := range s.fleet.Warnings {
			s.Warn(w)
		}
	}
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
