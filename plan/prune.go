package plan

import (
	"slices"
	"strings"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/version"
)

// PruneOptions say which images are pruned, and to what.
type PruneOptions struct {
	Select string // glob, see fleet.Selection; it is compared with the tags that Slipway gave and that are kept
	// Nightly is a date like 20260131: that night's builds (version-date) are kept beside the version.
	Nightly  string
	UpdateID string // of the configuration: the s in 1.2.3-s1
}

// Removal is one stored reference to remove.
type Removal struct {
	Ref   string
	Image *fleet.Image // that it is an old version of
}

// Prune lists the stored references (registry/namespace/name:tag) to remove: every tag of the
// fleet's selected images but the one of the newest changelog entry, those of the night that the
// options name, and what else people call one of these. What builds on an image comes before it;
// of one image the oldest version comes first. An image the fleet does not define is never removed, nor is one
// whose tags move: nobody knows which of them its definition has had.
func Prune(f *fleet.Fleet, stored map[string]StoredImage, o PruneOptions) []Removal {
	p := newPruner(f, stored, o)
	selection := fleet.NewSelection(o.Select)
	var removals []Removal
	for _, img := range slices.Backward(f.Order()) {
		if img.Moving || !selection.MatchesRef(p.selectable(img)...) {
			continue
		}
		refs := p.byRepo[repository(img)]
		slices.SortFunc(refs, func(a, b string) int {
			_, tagA, _ := ref.Split(a)
			_, tagB, _ := ref.Split(b)
			return compareTags(tagA, tagB)
		})
		for _, ref := range refs {
			if !p.own[ref] && !p.furtherTag(img, ref) {
				removals = append(removals, Removal{Ref: ref, Image: img})
			}
		}
	}
	return removals
}

// NightlyBuilds are the stored builds of the fleet's images from the night that the options name, sorted.
func NightlyBuilds(f *fleet.Fleet, stored map[string]StoredImage, o PruneOptions) []string {
	p := newPruner(f, stored, o)
	var all []string
	for _, img := range f.Images {
		all = append(all, p.nightly(img)...)
	}
	return slices.Sorted(slices.Values(all))
}

// pruner knows what of the store is kept.
type pruner struct {
	stored    map[string]StoredImage
	night     string // "-20260131", or empty
	updateID  string
	byRepo    map[string][]string       // stored references
	own       map[string]bool           // references that are kept because Slipway gave them
	manifests map[digests.Manifest]bool // of what is kept
}

func newPruner(f *fleet.Fleet, stored map[string]StoredImage, o PruneOptions) *pruner {
	p := &pruner{stored: stored, updateID: o.UpdateID, byRepo: map[string][]string{}, own: map[string]bool{}, manifests: map[digests.Manifest]bool{}}
	if night := strings.TrimPrefix(o.Nightly, "-"); night != "" {
		p.night = "-" + night
	}
	for name := range stored {
		if repo, _, digest := ref.Split(name); digest == "" { // what somebody fetched by its digest is no version
			p.byRepo[repo] = append(p.byRepo[repo], name)
		}
	}
	for _, img := range f.Images {
		if img.Moving {
			continue // all its tags are kept, whatever they name
		}
		for _, name := range slices.Concat([]string{img.Ref}, img.FurtherRefs(), p.nightly(img)) {
			p.own[name] = true
			p.manifests[stored[name].Manifest] = true
		}
	}
	delete(p.manifests, "") // not stored, or not known
	return p
}

// nightly are the stored builds of that night, of whatever version the image then had.
func (p *pruner) nightly(img *fleet.Image) []string {
	if p.night == "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.byRepo[repository(img)]), func(name string) bool {
		_, tag, _ := ref.Split(name)
		return !strings.HasSuffix(tag, p.night)
	})
}

// selectable are the references by which an image is selected: the version's and those of the night,
// stored or not, with registry and without.
func (p *pruner) selectable(img *fleet.Image) []string {
	refs := []string{img.Ref, img.Name + ":" + img.Tag}
	if p.night == "" {
		return refs
	}
	refs = append(refs, repository(img)+":"+string(img.Version)+p.night, img.Name+":"+string(img.Version)+p.night)
	for _, name := range p.nightly(img) {
		_, tag, _ := ref.Split(name)
		refs = append(refs, name, img.Name+":"+tag)
	}
	return refs
}

// furtherTag tells that a person gave the tag to an image that is kept. What Slipway tagged has the
// same content when nothing changed, and goes: the version that a build of the night is of, and what
// other nightly and snapshot builds left.
func (p *pruner) furtherTag(img *fleet.Image, name string) bool {
	if !p.manifests[p.stored[name].Manifest] {
		return false
	}
	_, tag, _ := ref.Split(name)
	if p.own[name+p.night] {
		return false
	}
	of, _, stamped := version.CutStamp(tag)
	updates := version.Updates(p.updateID)
	return !stamped || updates.Form(of) != updates.Form(img.Version)
}
