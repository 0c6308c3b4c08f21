package slipway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/registry"
)

// RegistryPruneOptions say which published images are old.
type RegistryPruneOptions struct {
	Directory string // of the fleet; empty for the configuration's list alone
	Select    string // only images whose name and version match the glob
	Keep      int    // versions of each image to keep at least, and as many nightly builds
	// Looking deletes nothing: not even a folder for checkouts is made, and definitions that are wrong only say that
	// it is not known what may be deleted.
	Looking bool
	// Asking, if not nil, is called when the fleet was read, before the registry is asked.
	Asking func()
}

// RegistryPruning is what can be deleted from the configuration's registry, and what stays, and why. Close gives
// back connections.
type RegistryPruning struct {
	Images []plan.PrunedImage
	// Broken is what is wrong with definitions. Nothing may be deleted then.
	Broken error

	session *Session
	pruner  *registryPruner
}

// PlanRegistryPrune asks the registry which versions of the fleet's images it has, and decides. Unless all is
// known, it is an error.
func (s *Session) PlanRegistryPrune(ctx context.Context, o RegistryPruneOptions) (*RegistryPruning, error) {
	if s.config.Registry == "" {
		return nil, problem.New("cannot prune the registry: the configuration names none", "registry: registry.example")
	}
	f, release, err := s.scan(ctx, reading{directory: o.Directory, looking: o.Looking, repositories: allOf})
	if err != nil {
		return nil, err
	}
	defer release()
	if len(f.Select(o.Select)) == 0 {
		s.warnUnselected(o.Select)
	}
	broken := wrongDefinitions(f)
	if broken != nil && !o.Looking {
		return nil, broken
	}
	client, _, err := s.registryClient(func(*registry.Options) {})
	if err != nil {
		return nil, err
	}
	if o.Asking != nil {
		o.Asking()
	}
	images, err := askPublished(ctx, client, f, plan.PublishedOptions{Select: o.Select, Keep: o.Keep, UpdateID: s.config.UpdateID})
	if err != nil {
		client.Close()
		return nil, errors.Join(broken, fmt.Errorf("cannot prune the registry, nothing was removed: %w", err))
	}
	return &RegistryPruning{Images: images, Broken: broken, session: s, pruner: newRegistryPruner(client, images)}, nil
}

// Run deletes what was decided: what builds on an image is gone before the image is touched. Removed, if not nil,
// is told of each tag that is gone, one at a time. The error names what could not be deleted.
func (p *RegistryPruning) Run(ctx context.Context, removed func(ref string)) error {
	if p.Broken != nil {
		return p.Broken
	}
	if removed != nil {
		p.pruner.told = removed
	}
	return p.session.forgetting(ctx, p.pruner, func() error { return p.pruner.run(ctx) })
}

// Removed tells whether Run has deleted a manifest, or seen that it is gone.
func (p *RegistryPruning) Removed(repository string, digest digests.Manifest) bool {
	return p.pruner.removed[repository+"@"+string(digest)]
}

// Close implements io.Closer. It never fails.
func (p *RegistryPruning) Close() error {
	p.pruner.client.Close()
	return nil
}

// wrongDefinitions is why nothing may be deleted: what a Dockerfile that cannot be read is made from is
// not known.
func wrongDefinitions(f *fleet.Fleet) error {
	errs := []error{BrokenError(f, nil)}
	for _, img := range f.Images {
		errs = append(errs, img.Err)
	}
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	return errors.Join(err, problem.New("cannot prune the registry, nothing was removed: it is not known which versions the wrong definitions are made from", "mend or remove them"))
}

// askPublished finds out what the registry has, and decides. What the tags name is asked only where a
// tag is old: that is one request for each repository, and one more for each tag of some.
func askPublished(ctx context.Context, client *registry.Client, f *fleet.Fleet, o plan.PublishedOptions) ([]plan.PrunedImage, error) {
	images, repositories := map[*fleet.Image]plan.PublishedTags{}, []string{}
	repository := func(img *fleet.Image) string { return strings.TrimSuffix(img.Ref, ":"+img.Tag) }
	for _, img := range f.Select(o.Select) {
		versions, err := img.Definition.Versions()
		if err != nil {
			return nil, err
		}
		images[img] = plan.PublishedTags{Versions: versions, Tags: map[string]plan.PublishedTag{}}
		repositories = append(repositories, repository(img))
	}
	lists, err := client.TagLists(ctx, repositories)
	if err != nil {
		return nil, err
	}
	for img, published := range images {
		for _, tag := range lists[repository(img)] {
			published.Tags[tag] = plan.PublishedTag{}
		}
	}
	var refs []string
	unsure := map[*fleet.Image]bool{}
	for _, p := range plan.PrunePublished(f, images, o) {
		unsure[p.Image] = slices.ContainsFunc(p.Keep, func(k plan.Kept) bool { return k.Reason.Kind() == plan.PruneNoDigest })
		for _, k := range p.Keep {
			if unsure[p.Image] {
				refs = append(refs, p.Repository+":"+k.Tag)
			}
		}
	}
	tagged, err := client.Tagged(ctx, refs)
	if err != nil {
		return nil, err
	}
	for img, published := range images {
		for tag := range published.Tags {
			t, there := tagged[repository(img)+":"+tag]
			switch {
			case there:
				published.Tags[tag] = plan.PublishedTag{Digest: t.Digest, Parts: t.Parts}
			case unsure[img]: // somebody has removed it since the list
				delete(published.Tags, tag)
			}
		}
	}
	return plan.PrunePublished(f, images, o), nil
}

// forgetting makes the state forget what is deleted: what the registry answered before, so that a run
// that is killed leaves nothing stale, what was published after.
func (s *Session) forgetting(ctx context.Context, p *registryPruner, run func() error) (err error) {
	db, err := s.openState(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	answers := map[string]registry.Remembered{}
	for _, img := range p.images {
		for _, r := range img.Remove {
			for _, ref := range refsOf(img.Repository, r) {
				answers[ref], answers[ref+"@"+string(r.Digest)] = registry.Remembered{}, registry.Remembered{}
			}
		}
	}
	if err := (facts.Memory{State: db}).Save(ctx, answers); err != nil {
		return err
	}
	err = run()
	gone := map[string]digests.Manifest{}
	for _, img := range p.images {
		for _, r := range img.Remove {
			for _, ref := range refsOf(img.Repository, r) {
				if p.removed[img.Repository+"@"+string(r.Digest)] {
					gone[ref] = ""
				}
			}
		}
	}
	return errors.Join(err, db.SetPublished(context.WithoutCancel(ctx), gone))
}

// refsOf are a manifest's tags as the state has them.
func refsOf(repository string, r plan.Removed) []string {
	var refs []string
	for _, tag := range r.Tags {
		if r, err := ref.Parse(repository + ":" + tag); err == nil { // else nothing is known of it
			refs = append(refs, r.String())
		}
	}
	return refs
}
