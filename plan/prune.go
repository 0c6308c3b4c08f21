package plan

import (
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet"
)

// PruneOptions say which images are pruned, and to what.
type PruneOptions struct {
	Select string // glob, see fleet.Selection; it is compared with the tag that is kept
	// Nightly is a date like 20260131: the nightly build version-date is kept instead of the version.
	Nightly string
}

// Removal is one stored reference to remove.
type Removal struct {
	Ref   string
	Image *fleet.Image // that it is an old version of
}

// Prune lists the stored references (registry/namespace/name:tag) to remove: every tag of the
// fleet's selected images but the one of the newest changelog entry. What builds on an image comes
// before it; of one image the oldest version comes first. An image the fleet does not define is
// never removed.
func Prune(f *fleet.Fleet, stored []string, o PruneOptions) []Removal {
	byRepo := map[string][]string{}
	for _, ref := range stored {
		repo, _ := splitRef(ref)
		byRepo[repo] = append(byRepo[repo], ref)
	}
	selection := fleet.NewSelection(o.Select)
	var removals []Removal
	for _, img := range slices.Backward(f.Order()) {
		tag := img.Tag
		if o.Nightly != "" {
			tag = img.Version + "-" + strings.TrimPrefix(o.Nightly, "-")
		}
		keep := repository(img) + ":" + tag
		if !selection.MatchesRef(keep, img.Name+":"+tag) {
			continue
		}
		refs := slices.Clone(byRepo[repository(img)])
		slices.SortFunc(refs, func(a, b string) int {
			_, tagA := splitRef(a)
			_, tagB := splitRef(b)
			return compareTags(tagA, tagB)
		})
		for _, ref := range slices.Compact(refs) {
			if ref != keep {
				removals = append(removals, Removal{Ref: ref, Image: img})
			}
		}
	}
	return removals
}
