package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/plan"
)

// pruneRegistry deletes old versions from the registry.
func (a *app) pruneRegistry(cmd *cobra.Command, dir string, o pruneOptions) error {
	ctx := cmd.Context()
	if !o.dryRun {
		outliveReaders()
	}
	s, err := a.fleetSession(cmd)
	if err != nil {
		return err
	}
	registry := s.Config().Registry
	out := a.Out
	if o.asJSON {
		out = io.Discard
	}
	if registry != "" {
		fmt.Fprintf(out, "== Step 0: scanning %s ==\n", cmp.Or(dir, theList))
	}
	p, err := s.PlanRegistryPrune(ctx, slipway.RegistryPruneOptions{
		Directory: dir, Select: o.selection, Keep: o.keep, Looking: o.dryRun,
		Asking: func() { fmt.Fprintf(out, "== Step 1: asking %s ==\n", registry) },
	})
	if err != nil {
		return usage(cmd, err)
	}
	defer p.Close()
	n := showPruning(out, p.Images)
	if !o.dryRun && n > 0 {
		fmt.Fprintln(out, "== Step 2: pruning images ==")
		err = p.Run(ctx, func(ref string) { fmt.Fprintf(out, "* Removed %s\n", ref) })
		summarizePruning(out, p)
	}
	if o.asJSON {
		err = errors.Join(printJSON(a.Out, pruningDocument(p, registry, o)), err)
	}
	return errors.Join(p.Broken, err)
}

// summarizePruning says how it went.
func summarizePruning(out io.Writer, p *slipway.RegistryPruning) {
	all, gone, kept := 0, 0, 0
	for _, img := range p.Images {
		kept += len(img.Keep)
		for _, r := range img.Remove {
			all += len(r.Tags)
			if p.Removed(img.Repository, r.Digest) {
				gone += len(r.Tags)
			}
		}
	}
	if gone < all {
		fmt.Fprintf(out, "removed %d of %d, kept %d; the next run tries the others again\n", gone, all, kept)
		return
	}
	fmt.Fprintf(out, "removed %d, kept %d\n", gone, kept)
}

// show prints what is going to be removed, and what stays although it is old or strange.
func showPruning(out io.Writer, images []plan.PrunedImage) (tags int) {
	for _, img := range images {
		for _, r := range img.Remove {
			if tags == 0 {
				fmt.Fprintln(out, "Will prune the following images:")
			}
			tags += len(r.Tags)
			for _, tag := range r.Tags {
				fmt.Fprintf(out, "* %s:%s\n", img.Repository, tag)
			}
		}
	}
	if tags == 0 {
		fmt.Fprintln(out, "Nothing to prune")
	}
	heading := "Will keep:"
	say := func(format string, args ...any) {
		if heading != "" {
			fmt.Fprintln(out, heading)
		}
		heading = ""
		fmt.Fprintf(out, format, args...)
	}
	for _, img := range images {
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
	Tags    []string         `json:"tags"`
	Digest  digests.Manifest `json:"digest"`
	Reason  plan.Reason      `json:"reason"`
	Removed bool             `json:"removed"`
}

type keptDetails struct {
	Tag    string           `json:"tag"`
	Digest digests.Manifest `json:"digest,omitempty"`
	Reason plan.Reason      `json:"reason"`
}

func pruningDocument(p *slipway.RegistryPruning, registry string, o pruneOptions) pruneDocument {
	doc := pruneDocument{Registry: registry, Keep: o.keep, DryRun: o.dryRun, Images: []prunedDetails{}}
	for _, img := range p.Images {
		d := prunedDetails{Name: img.Image.Name, Repository: img.Repository, Remove: []removedDetails{}, Keep: []keptDetails{}}
		for _, r := range img.Remove {
			d.Remove = append(d.Remove, removedDetails{
				Tags: r.Tags, Digest: r.Digest, Reason: r.Reason, Removed: p.Removed(img.Repository, r.Digest),
			})
		}
		for _, k := range img.Keep {
			d.Keep = append(d.Keep, keptDetails{Tag: k.Tag, Digest: k.Digest, Reason: k.Reason})
		}
		doc.Images = append(doc.Images, d)
	}
	return doc
}
