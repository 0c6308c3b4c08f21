package plan

import (
	"slices"
	"strings"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/platform"
)

// node is an image while its plan is made: what is known of it, and the reasons so far.
type node struct {
	step     *Step
	img      *fleet.Image
	selected bool
	wrong    error // its definition cannot be used

	stored  StoredImage
	found   bool            // there is a stored image
	known   bool            // now is what the image would be made from
	now     inputs.Now      // but for its parents
	parents []inputs.Parent // that are in the store, or count at the registry
	same    bool            // the stored image was made from these
	fresh   []*node         // what it is made from and is to be built first

	published   PublishedImage
	isPublished bool
	moved       digests.Manifest // where the tag at the registry was, if it is not there now
	other       bool             // the published image has other content, which is an error
	counts      bool             // the published image is taken as it is
	replace     bool             // it is published in the place of another
	toPublish   bool             // when it is good
	private     string           // why not, although it could be: an image that it is made from
	partial     bool             // for that one is not published for all its platforms

	asked   bool // the plan would like to know more of it
	reasons []Reason
	stale   bool // one of these is to build it
	stuck   bool // it is to be built, and this machine does not build for its platform

	basis    bool     // something that is to be built is made from it
	causes   []string // names of the images with an error that stop it; sorted
	neededBy []string // names of the images to be built on it; descending order of Steps
}

// add takes what a rule says.
func (n *node) add(reasons []Reason) {
	for _, r := range reasons {
		n.stale = n.stale || r.builds()
		if r.more != nil && r.more.err != nil {
			n.step.Err = r.more.err
		}
	}
	if n.reasons == nil {
		n.reasons = reasons
		return
	}
	n.reasons = append(n.reasons, reasons...)
}

// forget is for an image that need not be built after all, whatever it lacks.
func (n *node) forget() { n.reasons, n.stale, n.causes, n.step.Err = nil, false, nil, nil }

// usable reports whether the store has the image, and all of it.
func (n *node) usable() bool { return n.found && n.stored.Damaged == "" }

// good reports whether what the store has is what would be built.
func (n *node) good() bool { return n.found && !n.stale && !n.counts && n.step.Err == nil }

// wanted reports whether the image is selected, or needed by one that is.
func (n *node) wanted() bool { return n.selected || len(n.neededBy) > 0 }

// otherLevel reports whether the engine would make other bits of the same inputs.
func (n *node) otherLevel() bool { return n.stored.Level != 0 && n.stored.Level != n.now.Level }

// sameAs tells whether the image would be made from what a mark's inputs stand for.
func (n *node) sameAs(m inputs.Mark) bool {
	_, same := partsBy(n.now, n.parents, m)
	return same
}

// defined tells whether the parts are what a mark's definition stands for.
func (n *node) defined(m inputs.Mark) bool {
	return slices.ContainsFunc(n.now.By(m), func(p inputs.Parts) bool { return p.On(n.parents).Definition() == m.Definition })
}

// partsBy are the parts by the rules of a mark, and whether they are what it stands for.
func partsBy(now inputs.Now, parents []inputs.Parent, m inputs.Mark) (inputs.Parts, bool) {
	all := now.By(m)
	for _, p := range all {
		if p = p.On(parents); p.Digest() == m.Inputs {
			return p, true
		}
	}
	return all[0].On(parents), false
}

// compare compares an image with what the store and the registry have of it.
func (m *maker) compare(n *node) {
	img := n.img
	if m.here(img.Platform) {
		n.stored, n.found = m.facts.Images[img.Ref]
	}
	if n.now, n.known = m.facts.Inputs[img]; n.known {
		n.parents = img.MadeFrom(m.identities(img))
		n.same = n.sameAs(n.stored.Mark()) && n.found && !n.otherLevel()
		for _, parent := range img.Used() {
			if p := m.nodes[parent]; p.stale && len(p.causes) == 0 {
				n.fresh = append(n.fresh, p)
			}
		}
	}
	if n.published, n.isPublished = m.publishedFor(img); n.isPublished {
		m.comparePublished(n)
	} else {
		n.replace = m.Replace && n.selected && m.facts.Unreadable[img.Ref] // whatever is there
	}
	if m.Publish && m.facts.Published != nil && (!n.isPublished || n.replace) && n.wrong == nil && len(img.Platforms) < 2 {
		n.private, n.partial = m.privateParent(img)
		n.toPublish = n.private == ""
	}
}

// publishedFor is what the registry has of an image for its platform.
func (m *maker) publishedFor(img *fleet.Image) (PublishedImage, bool) {
	all, there := m.facts.Published[img.Ref]
	part, found := all.For(img)
	if !there || !found {
		return PublishedImage{}, false
	}
	if sharers := all.sharers(img); len(sharers) > 1 && m.owner(img, part.Mark, sharers) != img.Platform {
		return PublishedImage{}, false
	}
	return part, true
}

// comparePublished finds out whether what the registry has counts, is replaced, or is not what it should be.
func (m *maker) comparePublished(n *node) {
	img := n.img
	known := n.published.Mark.Definition != "" // else somebody else published it, or Slipway in another way
	other := n.known && (known || img.Moving && !m.TrustVersions) && !n.defined(n.published.Mark)
	if seen := m.facts.Seen[img.Ref]; seen != n.published.Digest {
		n.moved = seen
	}
	switch {
	case m.Replace && n.selected: // also what an interrupted run has built by force already
		n.replace = true
	case n.wrong != nil && !n.known: // nothing but its version is known, and a listed image's tags say nothing
		n.replace = img.Moving && !m.TrustVersions
	case img.Moving:
		// A parent that is only built because it may not be fetched is what is published.
		n.replace = other || m.onOther(n) || slices.ContainsFunc(n.fresh, func(p *node) bool { return !p.counts })
	case versioned(img) && !m.TrustVersions:
		n.other = other || n.moved != "" && !known
	}
	n.counts = !n.replace && !n.other
}

// onOther tells whether what is published was built on another image of the fleet than is published
// now.
func (m *maker) onOther(n *node) bool {
	count := true
	for _, parent := range n.img.Used() {
		p := m.nodes[parent]
		if p.counts && n.published.Base == parent.Ref && n.published.BaseDigest != p.published.Digest {
			return true
		}
		count = count && p.counts
	}
	if !count { // what the registry has of a parent is not what was looked at
		return false
	}
	// Of what else it copies from only the digest of all inputs tells, if no other image is among them.
	mark := n.published.Mark
	if m.NoPull || !n.known || len(n.img.Elsewhere()) > 0 || len(n.fresh) > 0 || mark.Inputs == "" || !n.defined(mark) {
		return false
	}
	return !n.sameAs(mark)
}

// identities finds what stands for the content of the images that one is built on. Of one that it takes on
// several platforms that is all of them.
func (m *maker) identities(img *fleet.Image) func(ref string) digests.Config {
	return func(ref string) digests.Config {
		if !m.several {
			return m.identity(ref, img.Platform)
		}
		var all []string
		for _, parent := range img.Used() {
			if parent.Ref == ref {
				all = append(all, string(m.identity(ref, parent.Platform)))
			}
		}
		if all == nil {
			return m.identity(ref, img.Platform)
		}
		return digests.Config(strings.Join(all, " "))
	}
}

// identity is what stands for the content of an image that others are built on: of the published one
// where that counts, else of the stored one.
func (m *maker) identity(ref string, on platform.Platform) digests.Config {
	if !m.NoPull {
		if parent, ours := m.byRef[onPlatform{ref, on}]; ours && parent.counts {
			if stored := m.facts.Images[ref]; stored.Manifest == parent.published.Digest && m.here(on) {
				return stored.ID // as what was built on it noted it
			}
			return parent.published.ID
		}
		if b, asked := m.facts.Bases[ref]; asked && b.Err == nil && m.here(on) {
			return b.ID
		}
	}
	if !m.here(on) {
		return ""
	}
	return m.facts.stored(ref).ID
}

// privateParent names an image that this one is made from and that is not here as it is published, which
// happens when nothing may be fetched, or that is not published for all its platforms.
func (m *maker) privateParent(img *fleet.Image) (name string, partial bool) {
	for _, parent := range img.Used() {
		p := m.nodes[parent]
		if len(parent.Platforms) > 1 && !p.counts {
			return parent.Name + " " + parent.Tag, true
		}
		same := p.isPublished && m.facts.Images[parent.Ref].Manifest == p.published.Digest
		if m.NoPull && !p.toPublish && !same {
			return parent.Name + " " + parent.Tag, false
		}
	}
	return "", false
}

// versioned tells whether the image's tag is to stand for one content: that of its changelog does, a
// nightly build's and that of a listed image do not.
func versioned(img *fleet.Image) bool { return !img.Moving && !img.Stamped() }
