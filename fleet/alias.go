package fleet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/ref"
)

// meaning says how a reference names an image of the fleet.
type meaning int

const (
	outdated  meaning = iota // it names another version
	current                  // it is the image's Ref
	alias                    // it names the same image otherwise: by a further tag, or as Docker Hub does
	rewritten                // so it did, and the Dockerfile has the image's Ref in its place now
)

// find finds the image of the fleet that a reference names, nil for none.
func (r *resolver) find(written string) (*Image, meaning) {
	repo, tag, digest := ref.Split(written)
	img := r.byRepo[repo]
	exact := img != nil
	if img == nil {
		img = r.byHub[ref.Short(repo)]
	}
	if img == nil {
		return nil, outdated
	}
	if tag == "" && digest == "" {
		tag = "latest"
	}
	switch {
	case exact && (tag == img.Tag || strings.Contains(tag, "$")):
		// What a build argument will bring is unknown: better built first in vain than too late.
		return img, current
	case digest == "" && img.hasTag(tag):
		return img, alias
	case exact:
		return img, outdated
	}
	return nil, outdated
}

// hasTag tells whether the image gets the tag when it is built.
func (i *Image) hasTag(tag string) bool {
	if tag == i.Tag {
		return true
	}
	return slices.ContainsFunc(i.FurtherRefs(), func(other string) bool {
		_, further, _ := ref.Split(other)
		return further == tag
	})
}

// sortUses sorts what the Dockerfiles name.
func (i *Image) sortUses() {
	slices.Sort(i.External)
	i.External = slices.Compact(i.External)
	i.OnBuild = slices.DeleteFunc(i.OnBuild, func(ref string) bool { return slices.Contains(i.External, ref) })
	slices.Sort(i.OnBuild)
	i.OnBuild = slices.Compact(i.OnBuild)
	slices.Sort(i.Before)
	i.Before = slices.Compact(i.Before)
	slices.SortStableFunc(i.Aliases, func(a, b Alias) int { return cmp.Or(cmp.Compare(a.Ref, b.Ref), a.rank()-b.rank()) })
	i.Aliases = slices.CompactFunc(i.Aliases, func(a, b Alias) bool { return a.Ref == b.Ref })
}

// rank puts what the Dockerfile names itself before what an ONBUILD instruction names.
func (a Alias) rank() int {
	if a.OnBuild {
		return 1
	}
	return 0
}
