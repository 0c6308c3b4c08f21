package plan

import "github.com/slipway-build/slipway/fleet"

// Know makes a plan of which all is known from the beginning.
func Know(f *fleet.Fleet, facts Facts, o Options, answers map[Question]Past) *Plan {
	m := newMaker(f, facts, o)
	m.answers = answers
	m.lookAtAll()
	return m.plan()
}
