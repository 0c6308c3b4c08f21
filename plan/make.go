package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/version"
)

// Make decides by content: what is in the store under the tag of its changelog, tested and made from
// what it would be made from now, is not built again. The result depends on the arguments alone. Nothing
// is remembered of the builds that went before: see Begin.
func Make(f *fleet.Fleet, facts Facts, o Options) *Plan {
	m := newMaker(f, facts, o)
	m.lookAtAll()
	return m.plan()
}

type maker struct {
	Options
	fleet     *fleet.Fleet
	order     []*fleet.Image
	facts     Facts
	selection fleet.Selection
	relevant  func(*fleet.Image) bool
	previous  map[string]string // repository to the newest other tag in the store
	nodes     map[*fleet.Image]*node
	byRef     map[onPlatform]*node

	several bool
	targets map[string][]*fleet.Image // by name; empty unless several
	notHere map[string]bool           // of causes: they are not built here

	asking    bool // what is not known of the past can be asked for
	questions []Question
	answers   map[Question]Past
}

// onPlatform is a reference to an image for a platform.
type onPlatform struct {
	ref string
	on  platform.Platform
}

func newMaker(f *fleet.Fleet, facts Facts, o Options) *maker {
	f = f.Targets()
	m := &maker{
		Options: o, fleet: f, order: f.Order(), facts: facts,
		selection: fleet.NewSelection(o.Select), relevant: Relevant(f, o), previous: previousTags(f, facts),
		nodes: make(map[*fleet.Image]*node, len(f.Images)), byRef: make(map[onPlatform]*node, len(f.Images)),
		several: otherTargets(f), targets: map[string][]*fleet.Image{}, notHere: map[string]bool{}, answers: map[Question]Past{},
	}
	if m.several {
		for _, img := range f.Images {
			m.targets[img.Name] = append(m.targets[img.Name], img)
		}
	}
	return m
}

func (m *maker) lookAtAll() {
	for _, img := range m.order {
		m.look(img)
	}
}

// plan goes on with what was seen.
func (m *maker) plan() *Plan {
	p := &Plan{Refresh: map[string]digests.Manifest{}, Steps: make([]*Step, 0, len(m.order))}
	seen := map[string]int{}
	for _, img := range m.order {
		p.Steps = append(p.Steps, m.nodes[img].step)
		if len(img.Platforms) < 2 {
			continue
		}
		if seen[img.Name]++; seen[img.Name] == len(img.Platforms) {
			p.Steps = append(p.Steps, m.index(m.targets[img.Name]))
		}
	}
	for _, step := range slices.Backward(p.Steps) { // who needs comes before what is needed
		if step.Targets == nil {
			m.want(m.nodes[step.Image])
		}
	}
	for _, step := range p.Steps {
		step.several = m.several
		if step.Targets != nil {
			m.decideIndex(step)
			continue
		}
		m.decide(m.nodes[step.Image])
		m.refresh(p, step)
	}
	m.sayForeign(p)
	return p
}

// look finds out whether an image is to be built, if it is wanted. What it needs comes before it.
func (m *maker) look(img *fleet.Image) {
	n := &node{step: &Step{Image: img}, img: img, selected: m.selection.Matches(img), wrong: cmp.Or(img.Err, m.facts.Errors[img])}
	m.nodes[img], m.byRef[onPlatform{img.Ref, img.Platform}] = n, n
	for _, parent := range img.Parents() {
		n.step.Needs = append(n.step.Needs, m.nodes[parent].step)
	}
	if !m.relevant(img) {
		n.step.Err = n.wrong
		return
	}
	m.compare(n)
	for _, rule := range buildRules {
		if n.add(rule(m, n)); n.step.Err != nil {
			break
		}
	}
	switch {
	case n.step.Err != nil:
		n.causes = []string{img.Name}
	case n.stuck:
		n.causes = []string{img.Name + " for " + string(img.Platform)}
		m.notHere[n.causes[0]] = true
	case n.stale || n.toPublish:
		for _, need := range n.step.Needs {
			if p := m.nodes[need.Image]; n.stale || !p.counts && uses(img, need.Image) {
				n.causes = append(n.causes, p.causes...)
			}
		}
		slices.Sort(n.causes)
		n.causes = slices.Clip(slices.Compact(n.causes))
	}
}

// want passes on what an image needs. One that is blocked wants only what blocks it: the rest would be
// built in vain.
func (m *maker) want(n *node) {
	if n.counts && !n.basis { // who needs it came before: nothing is to be built on it
		n.forget()
	}
	if !n.wanted() || !n.stale && !n.toPublish || n.step.Err != nil || n.stuck {
		return
	}
	for _, need := range n.step.Needs {
		p := m.nodes[need.Image]
		if len(n.causes) > 0 && len(p.causes) == 0 {
			continue
		}
		used := uses(n.img, need.Image)
		if n.stale || used && (p.toPublish || len(p.causes) > 0) {
			p.neededBy = append(p.neededBy, n.img.Name)
			p.basis = p.basis || used && n.stale
		}
	}
}

// decide lets the other rules say what they see, and the table what follows.
func (m *maker) decide(n *node) {
	step := n.step
	step.Digest = n.published.Digest
	if n.counts && step.Err == nil {
		step.Unread = n.wrong
	}
	for _, rule := range otherRules {
		n.add(rule(m, n))
	}
	step.Action, step.Reasons = follow(n.reasons)
	switch step.Action {
	case Build, Test, Tag, Pull, Publish:
		tags := func(r Reason) bool { return r.cause == byPublishedTags }
		step.Publish, step.Replace = n.toPublish || slices.ContainsFunc(step.Reasons, tags), n.replace
	}
}

// refresh notes which images from elsewhere are fetched for a step.
func (m *maker) refresh(p *Plan, step *Step) {
	if step.Action != Build || m.NoPull {
		return
	}
	for _, ref := range step.Image.Elsewhere() {
		if b, asked := m.facts.Bases[ref]; asked && m.facts.stored(ref).Manifest != b.Digest {
			p.Refresh[ref] = b.Digest
		}
	}
}

// Relevant tells which images a plan looks at: those that are selected, and all that they are built
// on, however far.
func Relevant(f *fleet.Fleet, o Options) func(*fleet.Image) bool {
	f = f.Targets()
	if o.Select == "" {
		return func(img *fleet.Image) bool { return !img.Nowhere() }
	}
	selection := fleet.NewSelection(o.Select)
	relevant := map[*fleet.Image]bool{}
	for _, img := range slices.Backward(f.Order()) {
		if !relevant[img] && !selection.Matches(img) {
			continue
		}
		relevant[img] = true
		for _, parent := range img.Parents() {
			relevant[parent] = true
		}
	}
	return func(img *fleet.Image) bool { return relevant[img] && !img.Nowhere() }
}

// uses tells whether what the parent holds becomes part of the image.
func uses(img, parent *fleet.Image) bool { return slices.Contains(img.Used(), parent) }

// repository is the image's reference without the tag.
func repository(img *fleet.Image) string { return strings.TrimSuffix(img.Ref, ":"+img.Tag) }

// previousTags finds the newest stored tag of each image, other than the fleet's own and "latest".
func previousTags(f *fleet.Fleet, facts Facts) map[string]string {
	current := make(map[string]string, len(f.Images))
	for _, img := range f.Images {
		current[repository(img)] = img.Tag
	}
	previous := map[string]string{}
	for name := range facts.Images {
		repo, tag, digest := ref.Split(name)
		if own, ours := current[repo]; !ours || digest != "" || tag == own || tag == "latest" {
			continue
		}
		if old, ok := previous[repo]; !ok || compareTags(tag, old) > 0 {
			previous[repo] = tag
		}
	}
	return previous
}

// compareTags is a total order: tags that Debian finds equal (1.0 and 1.00) are compared as text.
func compareTags(a, b string) int {
	return cmp.Or(version.Version(a).Compare(version.Version(b)), cmp.Compare(a, b))
}
