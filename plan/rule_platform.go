package plan

import (
	"fmt"
	"slices"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/problem"
)

// sayForeign makes an error of what is not built for each platform, for people who do not read the plan.
func (m *maker) sayForeign(p *Plan) {
	first, count, how := map[platform.Platform]*Step{}, map[platform.Platform]int{}, map[platform.Platform]string{}
	for _, s := range p.Steps {
		if s.Action != Foreign {
			continue
		}
		on := s.Image.Platform
		count[on]++
		if first[on] == nil {
			first[on], how[on] = s, s.Reasons[0].Text()
		}
	}
	for on, s := range first {
		what := fmt.Sprintf("%d images", count[on])
		if count[on] == 1 {
			what = s.Image.Name + ":" + s.Image.Tag
		}
		hint := fmt.Sprintf("take %s out of slipway.platforms, or name in Architecture of an image's control what it is made for", on)
		if m.here(on) {
			hint = "without --platform in FROM it is built on the image for its own platform"
		}
		s.Err = problem.New(fmt.Sprintf("cannot build %s for %s: %s", what, on, how[on]), hint)
	}
}

// nowhere: it is made for none of the configuration's platforms.
func nowhere(m *maker, n *node) []Reason {
	if !n.img.Nowhere() {
		return nil
	}
	return because(byNowhere)
}

// foreign: it is to be built for a platform that this machine's engine does not build for.
func foreign(m *maker, n *node) []Reason {
	on := n.img.Platform
	if !n.stale {
		return nil
	}
	if m.here(on) {
		return m.foreignParent(n)
	}
	n.stuck = true
	if slices.Contains(m.facts.Emulated, on) {
		return because(byEmulated, string(m.fleet.Platform), string(on))
	}
	return because(byForeign, string(m.fleet.Platform), string(on))
}

// foreignParent: it is to be built here, and on a published image for another platform. The store has those of
// this machine alone.
func (m *maker) foreignParent(n *node) []Reason {
	for _, parent := range n.img.Used() {
		if !m.here(parent.Platform) && m.nodes[parent].counts {
			n.stuck = true
			return because(byForeignParent, string(m.fleet.Platform), parent.Name, string(parent.Platform))
		}
	}
	return nil
}

// here tells whether images for a platform are built on this machine, and so may be in its store.
func (m *maker) here(on platform.Platform) bool { return on == "" || on == m.fleet.Platform }

// otherTargets tells whether the plan is about other targets than one of each image for this machine: then it says
// which each step is of.
func otherTargets(f *fleet.Fleet) bool {
	return slices.ContainsFunc(f.Images, func(i *fleet.Image) bool { return i.Platform != f.Platform || len(i.Platforms) > 1 })
}

// owner is which of the platforms a manifest at the registry is for that was found for all of them: what it was
// made from tells, else it is the first.
func (m *maker) owner(img *fleet.Image, mark inputs.Mark, platforms []platform.Platform) platform.Platform {
	for _, target := range m.targets[img.Name] {
		now, known := m.facts.Inputs[target]
		if !known || mark.Definition == "" || !slices.Contains(platforms, target.Platform) {
			continue
		}
		n := node{now: now, parents: target.MadeFrom(func(string) digests.Config { return "" })}
		if n.defined(mark) {
			return target.Platform
		}
	}
	return platforms[0]
}

// index makes the step of an index, which is said of this machine's target where there is one.
func (m *maker) index(targets []*fleet.Image) *Step {
	step := &Step{Image: targets[0]}
	for _, img := range targets {
		target := m.nodes[img].step
		step.Targets, step.Needs = append(step.Targets, target), append(step.Needs, target)
		if m.here(img.Platform) {
			step.Image = img
		}
	}
	return step
}

// decideIndex is decide for an index, which comes after its targets.
func (m *maker) decideIndex(step *Step) {
	n := &node{step: step, img: step.Image}
	n.published = m.facts.Published[step.Image.Ref]
	step.Digest = n.published.Digest
	for _, rule := range indexRules {
		n.add(rule(m, n))
	}
	step.Action, step.Reasons = follow(n.reasons)
}

// unselectedIndex: not all of its images are wanted.
func unselectedIndex(m *maker, n *node) []Reason {
	if slices.ContainsFunc(n.step.Targets, func(t *Step) bool { return t.Action == Skip }) {
		return because(byUnselected)
	}
	return nil
}

// stuckTargets: not all of its images can be made.
func stuckTargets(_ *maker, n *node) []Reason {
	var stuck []string
	for _, t := range n.step.Targets {
		if t.Action.Stuck() {
			stuck = append(stuck, string(t.Image.Platform))
		}
	}
	if stuck == nil {
		return nil
	}
	return because(byStuckTargets, stuck...)
}

// publishedIndex: the registry has all of its images as they should be.
func publishedIndex(m *maker, n *node) []Reason {
	if slices.ContainsFunc(n.step.Targets, func(t *Step) bool { return !m.nodes[t.Image].counts }) {
		return nil
	}
	return because(byPublished)
}

// looseTargets: its images are good, each for itself. To put them together is not in this version.
func looseTargets(m *maker, n *node) []Reason {
	if m.Publish {
		return because(byLoose)
	}
	return because(byUnpublishedIndex)
}
