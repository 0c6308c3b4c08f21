package contexts

import (
	"maps"
	"slices"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
	v1 "github.com/slipway-build/slipway/fleet/inputs/v1"
)

// readOld adds what package v1 has for the Dockerfiles.
func (s *Set) readOld(n *inputs.Now, img *fleet.Image) {
	r := s.fleet.Recipe(img)
	names := map[string]string{}
	for _, parent := range img.Named() {
		names[parent.Ref] = parent.Name
	}
	n.Aliased, n.Old = len(img.Aliases) > 0, nil
	for _, members := range s.members(img) {
		names := maps.Clone(names)
		for _, ref := range members {
			name, whole, _ := img.Below(ref)
			names[whole] = name
		}
		texts := inputs.OldTexts{Dockerfile: v1.Dockerfile(r.Dockerfile.Written(), names), Members: members}
		if r.Artifacts.File != "" {
			texts.BuildDockerfile = v1.Dockerfile(r.Artifacts.Text, names)
		}
		n.Old = append(n.Old, texts)
	}
}

// mostMembers bounds the guesses which images were of the fleet once.
const mostMembers = 32

// members are guesses which references of an image led to images of the fleet once, the first of them none:
// below its registry, of each name one at most, as a fleet has one version.
func (s *Set) members(img *fleet.Image) [][]string {
	refs := map[string][]string{}
	for _, ref := range img.External {
		if name, _, below := img.Below(ref); below && s.fleet.Lookup(name) == nil {
			refs[name] = append(refs[name], ref)
		}
	}
	guesses := [][]string{nil}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if len(guesses)*(1+len(refs[name])) > mostMembers {
			continue
		}
		for _, guess := range slices.Clone(guesses) {
			for _, ref := range refs[name] {
				guesses = append(guesses, append(slices.Clone(guess), ref))
			}
		}
	}
	return guesses
}

// tree1 is what package v1 has for a folder's files.
func tree1(c buildcontext.Contents, kept bool, m v1.Mask) string {
	return v1.Tree(func(yield func(v1.File) bool) {
		for f := range c.Standing() {
			if !yield(v1.File(f)) {
				return
			}
		}
	}, kept, m)
}
