package plan

import (
	"cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/ref"
)

// otherPublished: what is published under its version has other content. It says in what, as far as that is known.
func otherPublished(m *maker, n *node) []Reason {
	if !n.other {
		return nil
	}
	img := n.img
	var why []Reason
	var past Past
	mark := n.published.Mark
	if mark.Definition != "" {
		past = m.past(n, cmp.Or(mark.Inputs, n.stored.Inputs))
	}
	if past.known() && past.Parts.Definition() == mark.Definition {
		for _, r := range m.differences(past, n) {
			if r.Kind() != kindRebuilt && r.Kind() != kindEngine {
				why = append(why, r)
			}
		}
	}
	if repo, tag, digest := ref.Split(n.published.Base); len(why) == 0 && digest == "" {
		for _, parent := range img.Used() {
			if repository(parent) == repo && parent.Tag != tag {
				why = append(why, reason(byParentVersion, parent.Name, tag, parent.Tag))
			}
		}
	}
	if n.moved != "" {
		why = append(why, reason(byMoved, string(n.moved), string(n.published.Digest)))
	}
	why = append(why, reason(byPublishedContent, img.Tag, img.Name))
	why[len(why)-1].more = &detail{err: m.publishedError(n, why)}
	return why
}

// movedTag: the tag of an image that counts was moved by others.
func movedTag(_ *maker, n *node) []Reason {
	if !n.counts || n.moved == "" {
		return nil
	}
	return because(byMoved, string(n.moved), string(n.published.Digest))
}

// published: the registry has it.
func published(_ *maker, n *node) []Reason {
	if !n.counts {
		return nil
	}
	return because(byPublished)
}

// publishedTags: further tags of a listed image are not at the registry, or name something else there.
func publishedTags(m *maker, n *node) []Reason {
	if !n.counts || !m.Publish || n.step.Unread != nil || len(n.img.Platforms) > 1 {
		return nil
	}
	var missing []string
	for _, name := range n.img.FurtherRefs() {
		if m.facts.Published[name].Digest != n.published.Digest {
			_, tag, _ := ref.Split(name)
			missing = append(missing, tag)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return because(byPublishedTags, missing...)
}

// outdated: what the published image was built on is another now.
func outdated(m *maker, n *node) []Reason {
	if !n.counts {
		return nil
	}
	if m.onOther(n) {
		if parent, ours := m.byRef[onPlatform{n.published.Base, n.img.Platform}]; ours && n.published.BaseDigest != parent.published.Digest {
			return because(byOutdatedParent, parent.img.Name, parent.img.Tag)
		}
		return because(byOutdated)
	}
	written, b := m.refreshed(n.img, n.published.Base)
	switch {
	case written == "":
		return nil
	case b.Err != nil:
		return because(byUnseenBase, written, firstLine(b.Err.Error()))
	case b.Digest == n.published.BaseDigest:
		return nil
	case n.img.Moving: // it has no changelog
		return because(byNewBaseOfListed, written, n.img.Name)
	}
	return because(byNewBase, written, n.img.Name)
}

// refreshed finds the image from elsewhere that has been looked at among those that the Dockerfile names,
// and how it is written there.
func (m *maker) refreshed(img *fleet.Image, base string) (written string, b BaseImage) {
	for _, written := range img.External {
		if b, asked := m.facts.Bases[written]; asked && base != "" && ref.Canonical(written) == ref.Canonical(base) {
			return written, b
		}
	}
	return "", BaseImage{}
}

// unpublished: the registry lacks the image, or has another. It is a note where the image is not to be published.
func unpublished(m *maker, n *node) []Reason {
	if m.facts.Published == nil || n.counts || n.step.Err != nil {
		return nil
	}
	r := reason(byUnpublished)
	switch {
	case n.partial:
		r = reason(byPartialParent, n.private)
	case n.private != "":
		r = reason(byPrivate, n.private)
	case n.toPublish && n.isPublished:
		r = reason(byReplaced)
	case n.isPublished:
		r = reason(byOther)
	case len(n.img.Platforms) > 1 && m.facts.Published[n.img.Ref].Digest != "":
		r = reason(byAbsentPlatform, string(n.img.Platform))
	case m.facts.Unreadable[n.img.Ref]:
		r = reason(byUnreadable)
	case m.facts.Seen[n.img.Ref] != "":
		r = reason(byVanished, n.img.Tag)
	}
	r.note = !n.toPublish
	return []Reason{r}
}
