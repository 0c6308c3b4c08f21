package cli

import (
	"fmt"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

// warnPointers says which images that are to be built would have pointers of git-lfs in the place of
// files. What cannot be read is the build's to say.
func (a *app) warnPointers(f *fleet.Fleet, p *plan.Plan) {
	for _, s := range p.Steps {
		if s.Action != plan.Build {
			continue
		}
		found, err := f.Pointers(s.Image)
		if err != nil || len(found) == 0 {
			continue
		}
		what := found[0] + ": it is a pointer of git-lfs, not the file, and goes into the build of " + s.Image.Name + " as it is"
		if more := len(found) - 1; more > 0 {
			what += fmt.Sprintf(", and so do %d more", more)
		}
		a.printWarning(what + "\nhint: " + fleet.PointerHint)
	}
}
