package plan

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/slipway-build/slipway/fleet/inputs"
)

// changed: what is stored was made from something else than it would be made from now.
func changed(m *maker, n *node) []Reason {
	if !m.judges(n) || !n.usable() || !n.known || n.same && len(n.fresh) == 0 {
		return nil
	}
	img := n.img
	if n.stored.Inputs != "" && n.stored.Inputs != InputsUnsure {
		past, err := m.past(n, n.stored.Inputs)
		if err != nil {
			return wrong(err)
		}
		if past.known() && past.Parts.Digest() == n.stored.Inputs {
			why := m.differences(past, n)
			if changedContent(why) && versioned(img) {
				why = append(why, is(byContent, img.Tag, img.Name))
			}
			if len(why) > 0 {
				return why
			}
		}
	}
	why := m.changedParents(n.parents, n.parents, n.fresh) // of what is certain anyway
	switch {
	case n.otherLevel() && n.sameAs(n.stored.Mark()):
		why = append(why, is(byEngine, strconv.Itoa(n.stored.Level), strconv.Itoa(n.now.Level)))
	case n.same:
	case n.stored.Inputs == InputsUnsure:
		why = append(why, is(byUnsureInputs))
	case n.stored.Inputs == "":
		why = append(why, is(byUnknownInputs))
	default:
		why = append(why, is(byOtherInputs))
		if versioned(img) {
			why = append(why, is(byContent, img.Tag, img.Name))
		}
	}
	return why
}

// past is what is remembered of an image, of the build with these inputs or of the last good one.
func (m *maker) past(n *node, inputs string) (Past, error) {
	if m.facts.Past == nil || n.wrong != nil && !n.known {
		return Past{}, nil
	}
	past, err := m.facts.Past(n.img, inputs)
	if n.wrong != nil { // that is said already
		err = nil
	}
	return past, err
}

// changedContent tells whether there is more than what happens without anybody's edit: an image
// that was built again under its version, or another engine.
func changedContent(why []Reason) bool {
	return slices.ContainsFunc(why, func(r Reason) bool { return r.Kind() != kindEngine && r.Kind() != kindRebuilt })
}

// differences lists those between the inputs of a past build and those of now.
func (m *maker) differences(past Past, n *node) []Reason {
	before := past.Parts
	after, _ := partsBy(past.Now, n.parents, past.Mark())
	why, files := changedFiles(past, before, after)
	sameCommit := before.Commit == after.Commit
	differ := func(c cause, was, is string, counts bool) {
		if was != is && counts {
			why = append(why, Reason{cause: c, args: []string{was, is}})
		}
	}
	differ(byCommit, before.Commit, after.Commit, true)
	differ(byFolder, before.Folder, after.Folder, after.Commit != "" && before.Commit != "")
	differ(byIgnoreFile, before.IgnoreFile, after.IgnoreFile, sameCommit)
	differ(byCheckout, before.Checkout, after.Checkout, sameCommit)
	dockerfiles := before.Dockerfile != after.Dockerfile || before.BuildDockerfile != after.BuildDockerfile
	if dockerfiles && !files && sameCommit && before.Folder == after.Folder && sameNames(before.Parents, after.Counted()) {
		why = append(why, is(byDockerfile))
	}
	differ(byTarget, before.Target, after.Target, true)
	for _, name := range union(before.Args, after.Args) {
		if name != "SOURCE_DATE_EPOCH" {
			why = appendArgument(why, name, before.Args[name], after.Args[name])
		} else if before.Args[name] != after.Args[name] && !files && sameCommit {
			why = append(why, is(byDate))
		}
	}
	why = append(why, m.changedParents(before.Parents, after.Counted(), n.fresh)...)
	differ(byPlatform, before.Platform, after.Platform, true)
	differ(byEngine, strconv.Itoa(before.Level), strconv.Itoa(n.now.Level), true)
	return why
}

// sameNames tells whether the parents are the same images, in whatever version. If not, the
// Dockerfile differs by their names, which the parents' own reasons say.
func sameNames(a, b []inputs.Parent) bool {
	return slices.EqualFunc(a, b, func(a, b inputs.Parent) bool { return a.Name == b.Name })
}

func appendArgument(why []Reason, name, before, after string) []Reason {
	verb := "changed"
	switch {
	case before == after:
		return why
	case before == "":
		verb = "added"
	case after == "":
		verb = "removed"
	}
	return append(why, is(byArgument, name, verb))
}

func union(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

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
		why = appendNew(why, is(gone, p.Shown()))
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
	_, oldTag := splitRef(old.Ref)
	_, tag := splitRef(p.Ref)
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
		return is(made, p.Shown()), true
	case old.Ref != p.Ref:
		return is(version, p.Name, oldTag, tag), true
	case toBuild[name] && !elsewhere:
		return is(byParentToBuild, name, tag), true
	case old.Digest == p.Digest:
		return Reason{}, false
	case elsewhere:
		return is(byImage, p.Shown()), true
	}
	return is(byParentBuilt, name, tag), true
}
