package slipway

import (
	"errors"
	"fmt"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
)

// Find returns the step of the image that a name means: a name, with its tag if there are several, a whole
// reference, or the end of one after a slash. The error says what there is, or which image may have been meant.
func (p *Planned) Find(image string) (*plan.Step, error) {
	if step := p.Plan.Find(image); step != nil {
		return step, nil
	}
	var all []nameable
	for _, s := range p.Plan.Steps {
		if len(s.Image.Platforms) > 1 && s.Targets == nil {
			continue // the index stands for them
		}
		all = append(all, nameable{repository: strings.TrimSuffix(s.Image.Ref, ":"+s.Image.Tag), name: s.Image.Name, tag: s.Image.Tag, ref: s.Image.Name + ":" + s.Image.Tag})
	}
	found, err := resolve(image, all)
	switch {
	case err == nil:
		return p.Plan.Find(found.ref), nil
	case errors.Is(err, errUnclear):
		return nil, fmt.Errorf("%s: %w", image, err)
	}
	hint := ""
	if excluded := excludedHint(p.Fleet, image); excluded != "" {
		hint = excluded
	} else if near := nearest(image, all); len(near) > 0 {
		hint = "did you mean " + alternatives(near, 3) + "?"
	}
	return nil, problem.With(fmt.Errorf("%s: the fleet has no such image", image), hint)
}

// excludedHint says that the configuration leaves the image out, if it does so by the name or an end of it.
func excludedHint(f *fleet.Fleet, image string) string {
	name, _ := cutTag(image)
	for {
		if hint := f.ExcludedHint(name); hint != "" {
			return hint
		}
		_, end, found := strings.Cut(name, "/")
		if !found {
			return ""
		}
		name = end
	}
}
