package plan

import (
	"cmp"

	"github.com/slipway-build/slipway/ref"
)

// judges tells whether what the store has of an image matters. It does not for one whose published version counts,
// unless that may not be fetched and is not here.
func (m *maker) judges(n *node) bool { return !n.counts || m.NoPull && !n.usable() }

// missing: the store lacks it.
func missing(m *maker, n *node) []Reason {
	if !m.judges(n) || n.found {
		return nil
	}
	past := m.past(n, "")
	return append(m.whyMissing(n, past), m.sinceGood(n, past)...)
}

func (m *maker) whyMissing(n *node, past Past) []Reason {
	img := n.img
	old := cmp.Or(m.previous[repository(img)], past.Tag)
	switch {
	case past.FailedTest:
		return because(byFailedTest)
	case past.Failed:
		return because(byFailedBuild)
	case past.Tag == img.Tag:
		return because(byRemoved, img.Tag)
	case old == "":
		return because(byNew)
	}
	source := "changelog"
	switch {
	case img.Stamped():
		source = "nightly or snapshot"
	case img.Moving:
		source = "tags"
	}
	return because(byVersion, old, img.Tag, source)
}

// sinceGood says what changed since this version was good, although it is not in the store now: its
// version promises that content.
func (m *maker) sinceGood(n *node, past Past) []Reason {
	img := n.img
	if !n.known || past.Tag != img.Tag || !past.known() {
		return nil
	}
	if _, same := partsBy(n.now, n.parents, past.Mark()); same {
		return nil
	}
	var why []Reason
	for _, r := range m.differences(past, n) {
		if r.Kind() != kindRebuilt { // its parents may only be missing, as it is
			why = append(why, r)
		}
	}
	if changedContent(why) && versioned(img) {
		why = append(why, reason(byContent, img.Tag, img.Name))
	}
	return why
}

// damaged: not all of its content is in the store.
func damaged(m *maker, n *node) []Reason {
	if !m.judges(n) || !n.found || n.stored.Damaged == "" {
		return nil
	}
	return because(byDamaged, n.stored.Damaged)
}

// unsureTest: its test did not end, and nobody knows whether its definition is still what it was built from.
func unsureTest(m *maker, n *node) []Reason {
	if !m.judges(n) || !n.usable() || n.known || n.stored.Tested {
		return nil
	}
	return because(byUnsureTest)
}

// untested: it is here, but did not pass the test that it has now.
func untested(m *maker, n *node) []Reason {
	switch test := m.facts.Tests[n.img]; {
	case !n.good():
		return nil
	case !n.stored.Tested:
		return because(byUntested)
	case !n.known || test == "" || test == n.stored.Test:
		return nil
	case n.stored.Test == "":
		return because(byNewTest)
	}
	return because(byTest)
}

// furtherTags of a listed image name nothing, or something else.
func furtherTags(m *maker, n *node) []Reason {
	if !n.good() {
		return nil
	}
	var missing []string
	for _, name := range n.img.FurtherRefs() {
		if other, found := m.facts.Images[name]; !found || other.ID != n.stored.ID {
			_, tag, _ := ref.Split(name)
			missing = append(missing, tag)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return because(byTags, missing...)
}

// tested: it is here, as it would be built.
func tested(m *maker, n *node) []Reason {
	if !n.good() {
		return nil
	}
	if m.facts.Tests != nil && m.facts.Tests[n.img] == "" {
		return because(byTestless)
	}
	return because(byTested)
}
