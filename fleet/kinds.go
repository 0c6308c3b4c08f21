package fleet

import (
	"context"
	"slices"

	"github.com/slipway-build/slipway/platform"
)

// kind finds the images that are written down in one way, with names and versions: what cannot be read of one
// is told of that one alone. The error means that there is no fleet.
type kind func(context.Context, *scan, *reader) ([]definition, error)

// kinds are all kinds of definitions. Nothing else knows which there are.
var kinds = []kind{templates, list}

// definition is what the first phase knows of an image, or why it is none.
type definition struct {
	draft
	image      *Image
	warnings   []Problem
	controlled bool // the file exists that declares dependencies
	relations  []relation
	unfit      []Problem // in control, what does not fit its format
	unread     []Problem // likewise, where an update could miss an image for it
	// platforms are those that it is made for, of the configuration's; nil is all of them.
	platforms []platform.Platform
	problem   *Problem  // image is nil
	further   []Problem // beside problem
}

// draft is a Definition in a scan.
type draft interface {
	// render makes the recipe's texts, with the dependencies that they cause and all that is wrong.
	render(r *renderer, e *edges)
	// keep sets the recipe, when all phases are over.
	keep(p platform.Platform, recipe Recipe)
	// again is the draft of another value of the image: it is made for another platform.
	again(img *Image) draft
}

// made is the recipe of a definition.
type made struct {
	platform platform.Platform
	recipe   Recipe
}

func (m *made) keep(p platform.Platform, recipe Recipe) { m.platform, m.recipe = p, recipe }

// Recipe implements Definition.
func (m *made) Recipe(p platform.Platform) Recipe {
	if p != m.platform {
		return Recipe{}
	}
	return m.recipe
}

// find finds the definitions of all kinds, without those that are left out.
func (s *scan) find(ctx context.Context) ([]definition, error) {
	r := &reader{tree: s.tree, config: s.Config, suffix: s.TagSuffix, platforms: s.platforms}
	find := s.kinds
	if find == nil {
		find = kinds
	}
	var all []definition
	for _, kind := range find {
		found, err := kind(ctx, s, r)
		if err != nil {
			return nil, err
		}
		for _, d := range found {
			s.aim(d)
		}
		all = append(all, found...)
	}
	return slices.DeleteFunc(all, func(d definition) bool { return d.image != nil && s.tree.exclude.leavesOut(d.image.Name) }), nil
}
