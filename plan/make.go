package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/version"
)

// Make decides by content: what is in the store under the tag of its changelog, tested and made from
// what it would be made from now, is not built again. The result depends on the arguments alone.
func Make(f *fleet.Fleet, facts Facts, o Options) *Plan {
	m := &maker{
		Options: o, fleet: f, facts: facts, selection: fleet.NewSelection(o.Select), previous: previousTags(f, facts),
		steps: make(map[*fleet.Image]*Step, len(f.Images)), byRef: make(map[string]*Step, len(f.Images)), states: make(map[*Step]*state, len(f.Images)),
	}
	p := &Plan{Refresh: map[string]string{}}
	for _, img := range f.Order() {
		p.Steps = append(p.Steps, m.add(img))
	}
	for _, step := range slices.Backward(p.Steps) { // who needs comes before what is needed
		m.want(step)
	}
	for _, step := range p.Steps {
		m.decide(step)
		m.refresh(p, step)
	}
	return p
}

type maker struct {
	Options
	fleet     *fleet.Fleet
	facts     Facts
	selection fleet.Selection
	previous  map[string]string // repository to the newest other tag in the store
	steps     map[*fleet.Image]*Step
	byRef     map[string]*Step
	states    map[*Step]*state
}

// state is what is known of a step before its action.
type state struct {
	stored   StoredImage
	found    bool            // there is a stored image
	known    bool            // now is what the image would be made from
	now      inputs.Now      // but for its parents
	parents  []inputs.Parent // that are in the store, or count at the registry
	same     bool            // the stored image was made from these
	fresh    []*Step         // what it is made from and is to be built first
	why      []Reason        // to build it; empty for an image that is good, or only lacks its test
	selected bool

	published   PublishedImage
	isPublished bool
	counts      bool     // the published image is taken as it is
	replace     bool     // it is published in the place of another
	toPublish   bool     // when it is good
	private     string   // why not, although it could be: an image that it is made from
	moved       *Reason  // the tag at the registry is not where it was
	other       []Reason // the published image has other content
	basis       bool     // something that is to be built is made from it

	refused error // why it cannot be built, if it must be

	causes   []string // names of the images with an error that stop it; sorted
	neededBy []string // names of the images to be built on it; descending order of Steps
}

// by are the parts by the rules of a mark, and whether they are what it stands for.
func (s *state) by(m inputs.Mark) (inputs.Parts, bool) {
	all := s.now.By(m)
	for _, p := range all {
		if p = p.On(s.parents); p.Digest() == m.Inputs {
			return p, true
		}
	}
	return all[0].On(s.parents), false
}

// defined tells whether the parts are what a mark's definition stands for.
func (s *state) defined(m inputs.Mark) bool {
	return slices.ContainsFunc(s.now.By(m), func(p inputs.Parts) bool { return p.On(s.parents).Definition() == m.Definition })
}

// otherLevel reports whether the engine would make other bits of the same inputs.
func (s *state) otherLevel() bool { return s.stored.Level != 0 && s.stored.Level != s.now.Level }

// stale reports whether the image is to be built, if it can be.
func (s *state) stale() bool { return len(s.why) > 0 }

// usable reports whether the store has the image, and all of it.
func (s *state) usable() bool { return s.found && s.stored.Damaged == "" }

// wanted reports whether the step is selected, or needed by one that is.
func (s *state) wanted() bool { return s.selected || len(s.neededBy) > 0 }

func (m *maker) add(img *fleet.Image) *Step {
	step := &Step{Image: img, Err: cmp.Or(img.Err, m.facts.Errors[img])}
	st := &state{selected: m.selection.Matches(img)}
	m.steps[img], m.byRef[img.Ref], m.states[step] = step, step, st
	for _, parent := range img.Parents() {
		step.Needs = append(step.Needs, m.steps[parent])
	}
	st.stored, st.found = m.facts.Images[img.Ref]
	if st.now, st.known = m.facts.Inputs[img]; st.known {
		st.parents = inputs.Parents(img, m.identity)
		_, st.same = st.by(st.stored.Mark())
		st.same = st.same && st.found && !st.otherLevel()
	}
	for _, parent := range img.Used() {
		if p := m.states[m.steps[parent]]; st.known && p.stale() && len(p.causes) == 0 {
			st.fresh = append(st.fresh, m.steps[parent])
		}
	}
	m.remote(step, st)
	if step.Err == nil && (!st.counts || m.NoPull && !st.usable()) {
		if st.why = m.whyBuild(img, st); st.stale() {
			m.base(step)
		}
	}
	if step.Err == nil && m.Publish && m.facts.Published != nil && (!st.isPublished || st.replace) {
		st.private = m.private(img)
		st.toPublish = st.private == ""
	}
	if step.Err == nil && m.Strict && changedUnversioned(st.why) {
		step.Err = m.strictError(img, st)
	}
	if step.Err == nil && st.stale() && m.Refuse != nil {
		st.refused = m.Refuse(img)
	}
	switch {
	case step.Err != nil, (step.Unread != nil || st.refused != nil) && st.stale():
		st.causes = []string{img.Name}
	case st.stale() || st.toPublish:
		for _, need := range step.Needs {
			if n := m.states[need]; st.stale() || !n.counts && uses(img, need.Image) {
				st.causes = append(st.causes, n.causes...)
			}
		}
		slices.Sort(st.causes)
		st.causes = slices.Clip(slices.Compact(st.causes))
	}
	return step
}

// want passes on what a step needs. One that is blocked wants only what blocks it: the rest would be
// built in vain.
func (m *maker) want(step *Step) {
	st := m.states[step]
	if st.counts && !st.basis { // who needs it came before: nothing is to be built on it
		st.why, st.causes = nil, nil
	}
	if step.Unread != nil && st.stale() { // what is published may not be fetched
		step.Err, step.Unread = step.Unread, nil
	}
	if step.Err == nil && st.stale() {
		step.Err = st.refused
	}
	if !st.wanted() || !st.stale() && !st.toPublish || step.Err != nil {
		return
	}
	for _, need := range step.Needs {
		n := m.states[need]
		if len(st.causes) > 0 && len(n.causes) == 0 {
			continue
		}
		used := uses(step.Image, need.Image)
		if st.stale() || used && (n.toPublish || len(n.causes) > 0) {
			n.neededBy = append(n.neededBy, step.Image.Name)
			n.basis = n.basis || used && st.stale()
		}
	}
}

func (m *maker) decide(step *Step) {
	st := m.states[step]
	step.Digest = st.published.Digest
	switch {
	case !st.wanted():
		step.Action = Skip
		step.reason(KindUnselected, "not selected")
		return
	case step.Err != nil:
		step.Action = Error
		step.Reasons = st.other
		if len(st.other) > 0 {
			return
		}
		for _, text := range problems(step.Err) {
			step.reason(KindError, text)
		}
		return
	case len(st.causes) > 0:
		step.Action = Blocked
		for _, cause := range st.causes {
			step.reason(KindBlocked, "blocked by "+cause+", which has an error")
		}
		return
	case st.stale():
		step.Action = Build
		step.Reasons = st.why
		if st.replace && m.Publish || st.private != "" || m.facts.Published != nil && !st.isPublished && m.facts.Seen[step.Image.Ref] != "" ||
			m.facts.Unreadable[step.Image.Ref] {
			step.Reasons = append(step.Reasons, m.unpublished(step.Image, st))
		}
	case st.counts:
		m.counted(step, st)
	case !st.stored.Tested:
		step.Action = Test
		step.reason(KindUntested, "built, but its test did not end well")
	case m.facts.Tests != nil && st.known && m.facts.Tests[step.Image] != "" && m.facts.Tests[step.Image] != st.stored.Test:
		step.Action = Test
		text := "its test changed"
		if st.stored.Test == "" {
			text = "it has a test now"
		}
		step.reason(KindTest, text)
	default:
		m.good(step, st)
	}
	switch step.Action {
	case Build, Test, Tag, Pull, Publish:
		step.Publish, step.Replace = step.Publish || st.toPublish, st.replace
	}
	if !st.selected || step.Action == Pull {
		step.reason(KindNeeded, "needed by "+someOf(st.neededBy))
	}
}

// good is an image that needs no work, but for further tags.
func (m *maker) good(step *Step, st *state) {
	if missing := m.missingTags(step.Image, st); len(missing) > 0 {
		step.Action = Tag
		step.reason(KindTags, "further tags: "+strings.Join(missing, ", "))
		return
	}
	text := "built and tested"
	if m.facts.Tests != nil && m.facts.Tests[step.Image] == "" {
		text = "built; it has no test"
	}
	step.Action = UpToDate
	step.reason(KindStored, text)
	if st.toPublish {
		step.Action = Publish
	}
	if m.facts.Published != nil {
		step.Reasons = append(step.Reasons, m.unpublished(step.Image, st))
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

// uses tells whether what the parent holds becomes part of the image.
func uses(img, parent *fleet.Image) bool { return slices.Contains(img.Used(), parent) }

// missingTags are the further tags of a listed image that name nothing, or something else.
func (m *maker) missingTags(img *fleet.Image, st *state) []string {
	var missing []string
	for _, ref := range img.FurtherRefs() {
		if other, found := m.facts.Images[ref]; !found || other.Digest != st.stored.Digest {
			_, tag := splitRef(ref)
			missing = append(missing, tag)
		}
	}
	return missing
}

func (s *Step) reason(kind, text string) { s.Reasons = append(s.Reasons, Reason{kind, text}) }

// Relevant tells which images a plan looks at: those that are selected, and all that they are built
// on, however far.
func Relevant(f *fleet.Fleet, o Options) func(*fleet.Image) bool {
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
	return func(img *fleet.Image) bool { return relevant[img] }
}

// repository is the image's reference without the tag.
func repository(img *fleet.Image) string { return strings.TrimSuffix(img.Ref, ":"+img.Tag) }

// previousTags finds the newest stored tag of each image, other than the fleet's own and "latest".
func previousTags(f *fleet.Fleet, facts Facts) map[string]string {
	current := make(map[string]string, len(f.Images))
	for _, img := range f.Images {
		current[repository(img)] = img.Tag
	}
	previous := map[string]string{}
	for ref := range facts.Images {
		repo, tag := splitRef(ref)
		if own, ours := current[repo]; !ours || tag == own || tag == "latest" {
			continue
		}
		if old, ok := previous[repo]; !ok || compareTags(tag, old) > 0 {
			previous[repo] = tag
		}
	}
	return previous
}

// compareTags is a total order: tags that Debian finds equal (1.0 and 1.00) are compared as text.
func compareTags(a, b string) int { return cmp.Or(version.Compare(a, b), cmp.Compare(a, b)) }

// splitRef cuts the tag off. A colon before the last slash belongs to a registry's port.
func splitRef(ref string) (repo, tag string) {
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}

// someOf lists up to three names in alphabetical order.
func someOf(names []string) string {
	const most = 3
	names = slices.Sorted(slices.Values(names))
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return strings.Join(names, ", ")
}
