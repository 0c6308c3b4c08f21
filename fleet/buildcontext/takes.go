package buildcontext

import (
	"fmt"
	"slices"

	"github.com/slipway-build/slipway/recipe"
)

// Takes tells which of some paths in the tree a build takes that follows so much of it. Of a folder among
// them it is known that it should not be empty. When nobody knows what the build follows it takes all.
func (t *Tree) Takes(f recipe.Followed, files, folders []string) ([]string, error) {
	if !f.Known {
		return slices.Concat(files, folders), nil
	}
	uses := slices.Concat(f.Context, f.Artifacts)
	entries := recipeEntries(t.sorted())
	selected, err := recipe.Select(uses, entries)
	var taken []string
	for i, e := range entries {
		if err == nil && selected[i] && slices.Contains(files, e.Path) {
			taken = append(taken, e.Path)
		}
	}
	for _, folder := range folders {
		reaches, reachErr := recipe.Reaches(uses, folder, entries)
		if err == nil {
			err = reachErr
		}
		if reaches {
			taken = append(taken, folder)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read what a build followed: %w", err)
	}
	return taken, nil
}
