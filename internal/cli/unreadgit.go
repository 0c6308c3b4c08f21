package cli

import "github.com/slipway-build/slipway/fleet"

// warnGit says of which checkouts git's data could not be read. It comes after a plan was made, which
// looks at contexts.
func (a *app) warnGit(f *fleet.Fleet) {
	for _, p := range f.UnreadableGit() {
		a.printWarning(a.secrets.Text(p.Error()))
	}
}
