package plan

import (
	"maps"
	"slices"
	"strconv"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet/inputs"
)

// changed: what is stored was made from something else than it would be made from now.
func changed(m *maker, n *node) []Reason {
	if !m.judges(n) || !n.usable() || !n.known || n.same && len(n.fresh) == 0 {
		return nil
	}
	img := n.img
	if n.stored.Inputs != "" && n.stored.Inputs != InputsUnsure {
		past := m.past(n, n.stored.Inputs)
		if past.known() && past.Parts.Digest() == n.stored.Inputs {
			why := m.differences(past, n)
			if changedContent(why) && versioned(img) {
				why = append(why, reason(byContent, img.Tag, img.Name))
			}
			if len(why) > 0 {
				return why
			}
		}
	}
	why := m.changedParents(n.parents, n.parents, n.fresh) // of what is certain anyway
	switch {
	case n.otherLevel() && n.sameAs(n.stored.Mark()):
		why = append(why, reason(byEngine, strconv.Itoa(n.stored.Level), strconv.Itoa(n.now.Level)))
	case n.same:
	case n.stored.Inputs == InputsUnsure:
		why = append(why, reason(byUnsureInputs))
	case n.stored.Inputs == "":
		why = append(why, reason(byUnknownInputs))
	default:
		why = append(why, reason(byOtherInputs))
		if versioned(img) {
			why = append(why, reason(byContent, img.Tag, img.Name))
		}
	}
	return why
}

// past is what is remembered of an image, of the build with these inputs or of the last good one.
func (m *maker) past(n *node, made digests.Inputs) Past {
	if n.wrong != nil && !n.known {
		return Past{}
	}
	q := Question{n.img, made}
	past, known := m.answers[q]
	if !known && m.asking {
		m.questions = append(m.questions, q)
		n.asked = true
	}
	return past
}

// changedContent tells whether there is more than what happens without anybody's edit: an image
// that was built again under its version, or another engine.
func changedContent(why []Reason) bool {
	return slices.ContainsFunc(why, func(r Reason) bool { return r.Kind() != kindEngine && r.Kind() != kindRebuilt })
}

// differences lists those between the inputs of a past build and those of now.
func (m *maker) differences(past Past, n *node) []Reason {
	before := past.Parts
	after, _ := partsBy(n.now, n.parents, past.Mark())
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
		why = append(why, reason(byDockerfile))
	}
	differ(byTarget, before.Target, after.Target, true)
	for _, name := range union(before.Args, after.Args) {
		if name != "SOURCE_DATE_EPOCH" {
			why = appendArgument(why, name, before.Args[name], after.Args[name])
		} else if before.Args[name] != after.Args[name] && !files && sameCommit {
			why = append(why, reason(byDate))
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
	return append(why, reason(byArgument, name, verb))
}

func union(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
