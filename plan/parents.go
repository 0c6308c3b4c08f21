package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/slipway-build/slipway/fleet/inputs"
)

// parents says which of the images it is made from are others, changed, or are to be built.
func (m *maker) parents(before, after []inputs.Parent, fresh []*Step) []Reason {
	toBuild := map[string]bool{}
	for _, s := range fresh {
		toBuild[s.Image.Name] = true
	}
	was := slices.Clone(before)
	var why []Reason
	for _, p := range after {
		old, known := take(&was, after, p)
		kind, text := m.parent(old, p, known, toBuild)
		if r := (Reason{kind, text}); text != "" && !slices.Contains(why, r) { // under several tags it is one parent
			why = append(why, r)
		}
	}
	slices.SortStableFunc(was, func(a, b inputs.Parent) int { return cmp.Compare(a.Name, b.Name) })
	for _, p := range was {
		kind := KindParent
		if p.OnBuild {
			kind = KindRebuilt
		}
		if r := (Reason{kind, "now made without " + p.Shown()}); !slices.Contains(why, r) {
			why = append(why, r)
		}
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

// parent says what is other with one; the text is empty for nothing.
func (m *maker) parent(old, p inputs.Parent, known bool, toBuild map[string]bool) (kind, text string) {
	_, oldTag := splitRef(old.Ref)
	_, tag := splitRef(p.Ref)
	name := cmp.Or(p.Of, p.Name)
	if ours := m.fleet.Lookup(p.Of); ours != nil {
		tag = ours.Tag
	}
	edited := KindParent
	if p.OnBuild {
		edited = KindRebuilt // in another image
	}
	elsewhere := p.Of == "" && p.Elsewhere()
	switch {
	case !known:
		return edited, "now made from " + p.Shown()
	case old.Ref != p.Ref:
		return edited, fmt.Sprintf("parent %s %s → %s", p.Name, oldTag, tag)
	case toBuild[name] && !elsewhere:
		return KindRebuilt, fmt.Sprintf("parent %s %s is to be built", name, tag)
	case old.Digest == p.Digest:
		return "", ""
	case elsewhere:
		return KindRebuilt, "image " + p.Shown() + " changed"
	}
	return KindRebuilt, fmt.Sprintf("parent %s %s was built again", name, tag)
}
