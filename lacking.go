package slipway

import (
	"fmt"

	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/recipe"
)

// warnLacking says which images that are to be built could miss parts of their repositories, or have pointers
// of git-lfs in the place of files. Only the build knows what its instructions take, and says it then; what
// the last one took is likely to be taken again.
func (s *Session) warnLacking(f *fleet.Fleet, d facts.Decision) {
	for _, step := range d.Plan.Steps {
		if step.Action != plan.Build {
			continue
		}
		followed := d.Followed(step.Image)
		if err := f.MayLack(step.Image, followed); err != nil {
			s.warn(mayLack(step, followed, s.Error(err)))
		}
		found, err := f.Pointers(step.Image, followed)
		if err != nil || len(found) == 0 {
			continue // what cannot be read is the build's to say
		}
		what := "may go into the build of " + step.Image.Name + " as it is"
		more := ", and so may %d more"
		if followed.Known {
			what, more = "the last build of "+step.Image.Name+" took this path", ", and %d more"
		}
		text := found[0] + ": it is a pointer of git-lfs, not the file, and " + what
		if len(found) > 1 {
			text += fmt.Sprintf(more, len(found)-1)
		}
		s.warn(problem.Text(text, fleet.PointerHint))
	}
}

// mayLack is what a plan says of an error that only a build can be sure of.
func mayLack(s *plan.Step, followed recipe.Followed, err error) string {
	when := "the build fails if an instruction takes what is not there"
	if followed.Known {
		when = "the build fails if an instruction takes what the last build took"
	}
	return fmt.Sprintf("%s: image %s: %s: %v", fmt.Sprintf("%s:%d", s.Image.File, s.Image.Line), s.Image.Name, when, err)
}
