package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
)

// PublishedImage is what a registry has under an image's reference.
type PublishedImage struct {
	Digest string // of the manifest or index
	ID     string // of the configuration for the fleet's platform; empty when it has none
	// Mark is what Slipway published of the image's inputs; empty when something else published it. Then
	// its version is trusted.
	Mark inputs.Mark
	// Base is the image that it was built on, if that is known, and BaseDigest that one's manifest.
	Base, BaseDigest string
}

// BaseImage is an image from elsewhere that images of the fleet are built on, as its registry has it
// now.
type BaseImage struct {
	Digest, ID string // as those of PublishedImage
	Err        error  // it is not there, or nobody knows
}

// remote compares an image with what the registry has of it.
func (m *maker) remote(step *Step, st *state) {
	img := step.Image
	if st.published, st.isPublished = m.facts.Published[img.Ref]; !st.isPublished {
		st.replace = m.Replace && st.selected && m.facts.Unreadable[img.Ref] // whatever is there
		return
	}
	known := st.published.Mark.Definition != "" // else somebody else published it, or Slipway in another way
	other := st.known && (known || img.Moving && !m.TrustVersions) && !st.defined(st.published.Mark)
	seen := m.facts.Seen[img.Ref]
	moved := seen != "" && seen != st.published.Digest
	if moved {
		st.moved = &Reason{KindMoved, fmt.Sprintf("its tag was moved by others: %s → %s", shortDigest(seen), shortDigest(st.published.Digest))}
	}
	switch {
	case m.Replace && st.selected: // also what an interrupted run has built by force already
		st.replace = true
	case step.Err != nil && !st.known: // nothing but its version is known, and a listed image's tags say nothing
		st.replace = img.Moving && !m.TrustVersions
	case img.Moving:
		// A parent that is only built because it may not be fetched is what is published.
		st.replace = other || m.onOther(img, st) || slices.ContainsFunc(st.fresh, func(p *Step) bool { return !m.states[p].counts })
	case versioned(img) && !m.TrustVersions && (other || moved && !known):
		st.other = m.whatOther(img, st)
		step.Err = m.otherError(img, st)
		return
	}
	if st.counts = !st.replace; st.counts {
		step.Unread, step.Err = step.Err, nil
	}
}

// onOther tells whether what is published was built on another image of the fleet than is published
// now.
func (m *maker) onOther(img *fleet.Image, st *state) bool {
	count := true
	for _, parent := range img.Used() {
		p := m.states[m.steps[parent]]
		if p.counts && st.published.Base == parent.Ref && st.published.BaseDigest != p.published.Digest {
			return true
		}
		count = count && p.counts
	}
	if !count { // what the registry has of a parent is not what was looked at
		return false
	}
	// Of what else it copies from only the digest of all inputs tells, if no other image is among them.
	mark := st.published.Mark
	if m.NoPull || !st.known || len(img.Elsewhere()) > 0 || len(st.fresh) > 0 || mark.Inputs == "" || !st.defined(mark) {
		return false
	}
	_, same := st.by(mark)
	return !same
}

// whatOther says in what the published image differs, as far as that is known.
func (m *maker) whatOther(img *fleet.Image, st *state) []Reason {
	var why []Reason
	past := m.facts.Past[img.Name]
	if past.known() && past.Parts.Definition() == st.published.Mark.Definition {
		for _, r := range m.compare(past, st) {
			if r.Kind != KindRebuilt && r.Kind != KindEngine {
				why = append(why, r)
			}
		}
	}
	if repo, tag := splitRef(st.published.Base); len(why) == 0 {
		for _, parent := range img.Used() {
			if repository(parent) == repo && parent.Tag != tag {
				why = append(why, Reason{KindParent, fmt.Sprintf("parent %s %s → %s", parent.Name, tag, parent.Tag)})
			}
		}
	}
	if st.moved != nil {
		why = append(why, *st.moved)
	}
	return append(why, Reason{KindUnversioned, fmt.Sprintf("published %s has other content: add a changelog entry (`slipway update %s --reason TEXT`)", img.Tag, img.Name)})
}

func (m *maker) otherError(img *fleet.Image, st *state) error {
	var texts []string
	for _, r := range st.other {
		texts = append(texts, r.Text)
	}
	return fmt.Errorf("%s:%d: cannot build %s %s: %s\nhint: --force builds it under its old version, and replaces the published one%s",
		m.fleet.Path(img, "changelog"), img.Line, img.Name, img.Tag, strings.Join(texts, "; "), m.ignoreHint(img, st.published.Mark))
}

// base refuses to build on an image that is not where it should be.
func (m *maker) base(step *Step) {
	if m.NoPull {
		return
	}
	for _, ref := range step.Image.Elsewhere() {
		b, asked := m.facts.Bases[ref]
		if !asked || b.Err == nil {
			continue
		}
		hint := ""
		if m.facts.stored(ref).Digest != "" {
			hint = "\nhint: with --no-pull it is built on the one in the store"
		}
		step.Err = fmt.Errorf("%s: cannot build %s %s: its base %s cannot be refreshed: %w%s",
			m.fleet.Path(step.Image, ""), step.Image.Name, step.Image.Tag, ref, b.Err, hint)
		return
	}
}

// identity is what stands for the content of an image that others are built on: of the published one
// where that counts, else of the stored one.
func (m *maker) identity(ref string) string {
	if !m.NoPull {
		if parent, ours := m.byRef[ref]; ours && m.states[parent].counts {
			published, stored := m.states[parent].published, m.facts.Images[ref]
			if stored.Manifest == published.Digest {
				return stored.Digest // as what was built on it noted it
			}
			return published.ID
		}
		if b, asked := m.facts.Bases[ref]; asked && b.Err == nil {
			return b.ID
		}
	}
	return m.facts.stored(ref).Digest
}

// counted is an image whose published version counts.
func (m *maker) counted(step *Step, st *state) {
	img := step.Image
	step.Action = Published
	step.reason(KindPublished, "published")
	if missing := m.missingPublished(img, st); len(missing) > 0 && m.Publish && step.Unread == nil {
		step.Action, step.Publish = Publish, true
		step.reason(KindTags, "further tags: "+strings.Join(missing, ", "))
	}
	if st.basis && !m.NoPull && (!st.usable() || st.stored.Manifest != st.published.Digest) {
		step.Action = Pull
	}
	for _, text := range problems(step.Unread) {
		step.reason(KindUnread, "its definition is wrong: "+text)
	}
	if st.moved != nil {
		step.Reasons = append(step.Reasons, *st.moved)
	}
	step.Reasons = append(step.Reasons, m.outdated(img, st)...)
}

// outdated says what has happened since to what the published image was built on.
func (m *maker) outdated(img *fleet.Image, st *state) []Reason {
	base := st.published.Base
	text := ""
	if m.onOther(img, st) {
		text = "what it is made from is another at the registry now"
		if parent, ours := m.byRef[base]; ours && st.published.BaseDigest != m.states[parent].published.Digest {
			text = fmt.Sprintf("parent %s %s is another at the registry now", parent.Image.Name, parent.Image.Tag)
		}
	} else if written, b := m.refreshed(img, base); written != "" {
		switch {
		case b.Err != nil:
			text = fmt.Sprintf("its base %s cannot be looked at: %s", written, firstLine(b.Err.Error()))
		case b.Digest != st.published.BaseDigest:
			command := "update " + img.Name
			if img.Moving { // it has no changelog
				command = fmt.Sprintf("build --force --select '%s:*'", img.Name)
			}
			text = fmt.Sprintf("its base %s is newer now (`slipway %s` builds on it)", written, command)
		}
	}
	if text == "" {
		return nil
	}
	return []Reason{{KindOutdated, text}}
}

// refreshed finds the image from elsewhere that has been looked at among those that the Dockerfile names,
// and how it is written there.
func (m *maker) refreshed(img *fleet.Image, base string) (written string, b BaseImage) {
	for _, ref := range img.External {
		if b, asked := m.facts.Bases[ref]; asked && base != "" && fleet.Canonical(ref) == fleet.Canonical(base) {
			return ref, b
		}
	}
	return "", BaseImage{}
}

// private names an image that this one is made from and that is not here as it is published, which
// happens when nothing may be fetched.
func (m *maker) private(img *fleet.Image) string {
	for _, parent := range img.Used() {
		p := m.states[m.steps[parent]]
		same := p.isPublished && m.facts.Images[parent.Ref].Manifest == p.published.Digest
		if m.NoPull && !p.toPublish && !same {
			return parent.Name + " " + parent.Tag
		}
	}
	return ""
}

// missingPublished are the further tags of a listed image that the registry lacks, or has elsewhere.
func (m *maker) missingPublished(img *fleet.Image, st *state) []string {
	var missing []string
	for _, ref := range img.FurtherRefs() {
		if m.facts.Published[ref].Digest != st.published.Digest {
			_, tag := splitRef(ref)
			missing = append(missing, tag)
		}
	}
	return missing
}

// unpublished says why an image is to be published.
func (m *maker) unpublished(img *fleet.Image, st *state) Reason {
	if st.private != "" {
		return Reason{KindUnpublished, "not published: what it is made from, " + st.private + ", is not here as it is published (--no-pull)"}
	}
	if st.isPublished {
		text := "the registry has another image under this tag"
		if st.toPublish {
			text += ", which is replaced"
		}
		return Reason{KindUnpublished, text}
	}
	if m.facts.Unreadable[img.Ref] {
		return Reason{KindUnreadable, "not readable: absent, or not ours"}
	}
	if m.facts.Seen[img.Ref] != "" {
		return Reason{KindVanished, img.Tag + " was published, but is no longer at the registry"}
	}
	return Reason{KindUnpublished, "not published"}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// shortDigest is a digest as people compare it.
func shortDigest(d string) string {
	_, hex, _ := strings.Cut(d, ":")
	return short(hex)
}
