package plan

import (
	"cmp"
	"slices"

	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/ref"
)

// changedParents says which of the images it is made from are others, changed, or are to be built.
func (m *maker) changedParents(before, after []inputs.Parent, fresh []*node) []Reason {
	toBuild := map[string]bool{}
	for _, n := range fresh {
		toBuild[n.img.Name] = true
	}
	was := slices.Clone(before)
	var why []Reason
	for _, p := range after {
		old, known := take(&was, after, p)
		if r, other := m.changedParent(old, p, known, toBuild); other { // under several tags it is one parent
			why = appendNew(why, r)
		}
	}
	slices.SortStableFunc(was, func(a, b inputs.Parent) int { return cmp.Compare(a.Name, b.Name) })
	for _, p := range was {
		gone := byParentGone
		if p.OnBuild {
			gone = byTriggerGone
		}
		why = appendNew(why, reason(gone, p.Shown()))
	}
	return why
}

// take takes out what a parent was before: the same reference, else another version of it that is none of
// the parents now.
func take(was *[]inputs.Parent, after []inputs.Parent, p inputs.Parent) (inputs.Parent, bool) {
	same := func(a, b inputs.Parent) bool { return a.Name == b.Name && a.Ref == b.Ref }
	i := slices.IndexFunc(*was, func(o inputs.Parent) bool { return same(o, p) })
	if i < 0 {
		i = slices.IndexFunc(*was, func(o inputs.Parent) bool {
			return o.Name == p.Name && !slices.ContainsFunc(after, func(a inputs.Parent) bool { return same(a, o) })
		})
	}
	if i < 0 {
		return inputs.Parent{}, false
	}
	old := (*was)[i]
	*was = slices.Delete(*was, i, i+1)
	return old, true
}

// changedParent says what is other with one, if anything is.
func (m *maker) changedParent(old, p inputs.Parent, known bool, toBuild map[string]bool) (r Reason, other bool) {
	_, oldTag, _ := ref.Split(old.Ref)
	_, tag, _ := ref.Split(p.Ref)
	name := cmp.Or(p.Of, p.Name)
	if ours := m.fleet.Lookup(p.Of); ours != nil {
		tag = ours.Tag
	}
	made, version := byParent, byParentVersion
	if p.OnBuild { // edited in another image
		made, version = byTrigger, byTriggerVersion
	}
	elsewhere := p.Of == "" && p.Elsewhere()
	switch {
	case !known:
		return reason(made, p.Shown()), true
	case old.Ref != p.Ref:
		return reason(version, p.Name, oldTag, tag), true
	case toBuild[name] && !elsewhere:
		return reason(byParentToBuild, name, tag), true
	case old.Digest == p.Digest:
		return Reason{}, false
	case elsewhere:
		return reason(byImage, p.Shown()), true
	}
	return reason(byParentBuilt, name, tag), true
}
