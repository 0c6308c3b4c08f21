package plan

import (
	"slices"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
)

// Question is what a plan would like to know of the builds that went before, for its words: of the build that
// was made from the inputs, or of the last good one for an empty digest.
type Question struct {
	Image  *fleet.Image
	Inputs digests.Inputs // as a store or a registry has it
}

// Draft is a plan that has questions: only about images that are other than they were, since answers cost reading.
type Draft struct{ m *maker }

// Begin looks at all images.
func Begin(f *fleet.Fleet, facts Facts, o Options) Draft {
	m := newMaker(f, facts, o)
	m.asking = true
	m.lookAtAll()
	return Draft{m}
}

// Questions are those without an answer.
func (d Draft) Questions() []Question { return d.m.questions }

// Answer takes what is remembered; nothing is where an answer is missing. Facts.Inputs must be by the rules of the
// answers' marks, too, and Facts.Errors tell where they cannot be. The images that asked are looked at again, and
// those that are made from them, which may ask in their turn.
func (d Draft) Answer(past map[Question]Past) {
	m := d.m
	again := map[*fleet.Image]bool{}
	for _, q := range m.questions {
		m.answers[q] = past[q]
		again[q.Image] = true
	}
	m.questions = nil
	for _, img := range m.order {
		if again[img] || slices.ContainsFunc(img.Parents(), func(p *fleet.Image) bool { return again[p] }) {
			again[img] = true
			m.look(img)
		}
	}
}

// Plan makes the plan, once. For questions that are left nothing is remembered.
func (d Draft) Plan() *Plan { return d.m.plan() }
