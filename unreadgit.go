package slipway

import "github.com/slipway-build/slipway/fleet"

// warnGit says of which checkouts git's data could not be read. It comes after a plan was made, which
// looks at contexts.
func (s *Session) warnGit(f *fleet.Fleet) {
	for _, p := range f.UnreadableGit() {
		s.warn(s.known().Text(p.Error()))
	}
}
