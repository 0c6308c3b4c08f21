package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet"
)

// Make decides by versions, as docker-pkg does: what is in the store under the tag of its changelog
// is not built again, not even when something it builds on is. The result depends on the arguments
// alone.
func Make(f *fleet.Fleet, facts Facts, o Options) *Plan {
	m := &maker{
		facts: facts, selection: fleet.NewSelection(o.Select), previous: previousTags(f, facts),
		steps: make(map[*fleet.Image]*Step, len(f.Images)), states: make(map[*Step]*state, len(f.Images)),
	}
	p := &Plan{}
	for _, img := range f.Order() {
		p.Steps = append(p.Steps, m.add(img))
	}
	for _, step := range slices.Backward(p.Steps) { // who needs comes before what is needed
		m.want(step)
	}
	for _, step := range p.Steps {
		m.decide(step)
	}
	return p
}

type maker struct {
	facts     Facts
	selection fleet.Selection
	previous  map[string]string // repository to the newest other tag in the store
	steps     map[*fleet.Image]*Step
	states    map[*Step]*state
}

// state is what is known of a step before its action.
type state struct {
	stored   bool // and tested: only then may anything rely on it
	untested bool // there is one whose test did not end
	selected bool
	causes   []string // names of the images with an error that stop it; sorted
	neededBy []string // names of the images to be built on it; descending order of Steps
}

func (m *maker) add(img *fleet.Image) *Step {
	fact, found := m.facts.Images[img.Ref]
	st := &state{stored: found && fact.Tested, untested: found && !fact.Tested, selected: m.selection.Matches(img)}
	step := &Step{Image: img}
	for _, parent := range img.Parents() {
		step.Needs = append(step.Needs, m.steps[parent])
	}
	switch {
	case img.Err != nil:
		st.causes = []string{img.Name}
	case !st.stored:
		for _, need := range step.Needs {
			st.causes = append(st.causes, m.states[need].causes...)
		}
		slices.Sort(st.causes)
		st.causes = slices.Clip(slices.Compact(st.causes))
	}
	m.steps[img], m.states[step] = step, st
	return step
}

// wanted reports whether the step is selected, or needed by one that is.
func (s *state) wanted() bool { return s.selected || len(s.neededBy) > 0 }

// want passes on what a step needs. One that is blocked wants only what blocks it: the rest would be
// built in vain.
func (m *maker) want(step *Step) {
	st := m.states[step]
	if !st.wanted() || st.stored || step.Image.Err != nil {
		return
	}
	for _, need := range step.Needs {
		if n := m.states[need]; len(st.causes) == 0 || len(n.causes) > 0 {
			n.neededBy = append(n.neededBy, step.Image.Name)
		}
	}
}

func (m *maker) decide(step *Step) {
	st, img := m.states[step], step.Image
	switch {
	case !st.wanted():
		step.Action = Skip
		step.reason(KindUnselected, "not selected")
		return
	case img.Err != nil:
		step.Action = Error
		for _, text := range problems(img.Err) {
			step.reason(KindError, text)
		}
		return
	case len(st.causes) > 0:
		step.Action = Blocked
		for _, cause := range st.causes {
			step.reason(KindBlocked, "blocked by "+cause+", whose definition is wrong")
		}
		return
	case st.stored:
		step.Action = UpToDate
		step.reason(KindStored, "built and tested")
	case st.untested:
		// Nobody knows whether its definition is still what it was built from.
		step.Action = Build
		step.reason(KindUntested, "its test did not end")
	default:
		step.Action = Build
		step.Reasons = append(step.Reasons, m.whyBuild(img))
	}
	if !st.selected {
		step.reason(KindNeeded, "needed by "+someOf(st.neededBy))
	}
}

func (s *Step) reason(kind, text string) { s.Reasons = append(s.Reasons, Reason{kind, text}) }

func (m *maker) whyBuild(img *fleet.Image) Reason {
	old, ok := m.previous[repository(img)]
	if !ok {
		return Reason{KindNew, "never built"}
	}
	source := "changelog"
	if img.Tag != img.Version {
		source = "nightly or snapshot"
	}
	return Reason{KindVersion, fmt.Sprintf("version %s → %s (%s)", old, img.Tag, source)}
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
func compareTags(a, b string) int { return cmp.Or(fleet.CompareVersions(a, b), cmp.Compare(a, b)) }

// splitRef cuts the tag off. A colon before the last slash belongs to a registry's port.
func splitRef(ref string) (repo, tag string) {
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}

// problems takes joined errors apart, without their hints.
func problems(err error) []string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range joined.Unwrap() {
			all = append(all, problems(e)...)
		}
		return all
	}
	text, _, _ := strings.Cut(err.Error(), "\nhint: ")
	return []string{text}
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
