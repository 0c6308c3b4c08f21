package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/store"
)

// pruneRegistry deletes old versions from the registry. Unless all is known, nothing is deleted.
func (a *app) pruneRegistry(cmd *cobra.Command, dir string, o pruneOptions) error {
	ctx := cmd.Context()
	if !o.dryRun {
		outliveReaders()
	}
	cfg, err := a.loadConfig(cmd)
	if err != nil {
		return err
	}
	if cfg.Registry == "" {
		return problem.New("cannot prune the registry: the configuration names none", "registry: registry.example")
	}
	out := a.Out
	if o.asJSON {
		out = io.Discard
	}
	fmt.Fprintf(out, "== Step 0: scanning %s ==\n", cmp.Or(dir, theList))
	var f *fleet.Fleet
	release := func() {}
	defer func() { release() }()
	err = a.steady(ctx, dir, o.dryRun, func() (err error) {
		release()
		if f, release, err = a.read(cmd, cfg, reading{directory: dir, looking: o.dryRun, repositories: allOf}); err != nil {
			release = func() {}
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(f.Select(o.Select)) == 0 {
		a.warnUnselected(o.Select)
	}
	broken := wrongDefinitions(f)
	if broken != nil && !o.dryRun {
		return broken
	}
	client, err := registryClient(cfg, registry.Options{UserAgent: userAgent(), Warn: a.printWarning})
	if err != nil {
		return err
	}
	defer client.Close()
	fmt.Fprintf(out, "== Step 1: asking %s ==\n", cfg.Registry)
	images, err := askPublished(ctx, client, f, plan.PublishedOptions{Select: o.Select, Keep: o.keep, UpdateID: cfg.UpdateID})
	if err != nil {
		return errors.Join(broken, fmt.Errorf("cannot prune the registry, nothing was removed: %w", err))
	}
	p := newRegistryPruning(client, images, out)
	n := p.show()
	if !o.dryRun && n > 0 {
		fmt.Fprintln(out, "== Step 2: pruning images ==")
		err = a.forgetting(ctx, p, func() error { return p.run(ctx) })
		p.summary()
	}
	if o.asJSON {
		err = errors.Join(printJSON(a.Out, p.document(cfg, o)), err)
	}
	return errors.Join(broken, err)
}

// wrongDefinitions is why nothing may be deleted: what a Dockerfile that cannot be read is made from is
// not known.
func wrongDefinitions(f *fleet.Fleet) error {
	errs := []error{brokenError(f, nil)}
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
func (a *app) forgetting(ctx context.Context, p *registryPruning, run func() error) (err error) {
	db, err := a.openState(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	answers := map[string]registry.Remembered{}
	for _, img := range p.images {
		for _, r := range img.Remove {
			for _, ref := range refsOf(img.Repository, r) {
				answers[ref], answers[ref+"@"+r.Digest] = registry.Remembered{}, registry.Remembered{}
			}
		}
	}
	if err := (facts.Memory{State: db}).Save(ctx, answers); err != nil {
		return err
	}
	err = run()
	gone := map[string]string{}
	for _, img := range p.images {
		for _, r := range img.Remove {
			for _, ref := range refsOf(img.Repository, r) {
				if p.removed[img.Repository+"@"+r.Digest] {
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
		if ref, err := store.Normalize(repository + ":" + tag); err == nil { // else nothing is known of it
			refs = append(refs, ref)
		}
	}
	return refs
}

// show prints what is going to be removed, and what stays although it is old or strange.
func (p *registryPruning) show() (tags int) {
	for _, img := range p.images {
		for _, r := range img.Remove {
			if tags == 0 {
				fmt.Fprintln(p.out, "Will prune the following images:")
			}
			tags += len(r.Tags)
			for _, tag := range r.Tags {
				fmt.Fprintf(p.out, "* %s:%s\n", img.Repository, tag)
			}
		}
	}
	if tags == 0 {
		fmt.Fprintln(p.out, "Nothing to prune")
	}
	heading := "Will keep:"
	say := func(format string, args ...any) {
		if heading != "" {
			fmt.Fprintln(p.out, heading)
		}
		heading = ""
		fmt.Fprintf(p.out, format, args...)
	}
	for _, img := range p.images {
		var foreign []string
		for _, k := range img.Keep {
			switch k.Reason.Kind() {
			case plan.PruneForeign:
				if k.Tag != "latest" {
					foreign = append(foreign, k.Tag)
				}
			case plan.PruneNewest, plan.PruneFixed:
			default:
				say("* %s:%s: %s\n", img.Repository, k.Tag, k.Reason.Text())
			}
		}
		if len(foreign) > 0 {
			say("* %s: %s: no versions of the fleet\n", img.Repository, strings.Join(foreign, ", "))
		}
	}
	return tags
}

// pruneDocument is what --json prints.
type pruneDocument struct {
	Registry string          `json:"registry"`
	Keep     int             `json:"keep"`
	DryRun   bool            `json:"dry_run"`
	Images   []prunedDetails `json:"images"`
}

type prunedDetails struct {
	Name       string           `json:"name"`
	Repository string           `json:"repository"`
	Remove     []removedDetails `json:"remove"`
	Keep       []keptDetails    `json:"keep"`
}

type removedDetails struct {
	Tags    []string    `json:"tags"`
	Digest  string      `json:"digest"`
	Reason  plan.Reason `json:"reason"`
	Removed bool        `json:"removed"`
}

type keptDetails struct {
	Tag    string      `json:"tag"`
	Digest string      `json:"digest,omitempty"`
	Reason plan.Reason `json:"reason"`
}

func (p *registryPruning) document(cfg *config.Config, o pruneOptions) pruneDocument {
	doc := pruneDocument{Registry: cfg.Registry, Keep: o.keep, DryRun: o.dryRun, Images: []prunedDetails{}}
	for _, img := range p.images {
		d := prunedDetails{Name: img.Image.Name, Repository: img.Repository, Remove: []removedDetails{}, Keep: []keptDetails{}}
		for _, r := range img.Remove {
			d.Remove = append(d.Remove, removedDetails{
				Tags: r.Tags, Digest: r.Digest, Reason: r.Reason, Removed: p.removed[img.Repository+"@"+r.Digest],
			})
		}
		for _, k := range img.Keep {
			d.Keep = append(d.Keep, keptDetails{Tag: k.Tag, Digest: k.Digest, Reason: k.Reason})
		}
		doc.Images = append(doc.Images, d)
	}
	return doc
}
