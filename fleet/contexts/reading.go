package contexts

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
	v1 "github.com/slipway-build/slipway/fleet/inputs/v1"
	"github.com/slipway-build/slipway/recipe"
)

// Reading is an image's context as it is at one moment, with all that it was made from then.
type Reading struct {
	now      inputs.Now
	contents buildcontext.Contents
	own      buildcontext.Own
	fixed    bool // the context is a commit's
	kept     bool // something keeps files' modes
}

// Under are the image's parts if a build follows so much of the context.
func (r Reading) Under(f recipe.Followed) (inputs.Parts, error) {
	record := f.String()
	if record == "" {
		f = recipe.Followed{} // too much to write down: all counts
	}
	p := r.now.Under(record)
	if r.fixed {
		return p, nil
	}
	var err error
	p.Files, err = r.contents.Digest(f, r.own)
	return p, err
}

// Old are the image's parts by package v1's rules, with modes as they stand.
func (r Reading) Old() inputs.Parts {
	if r.fixed {
		return r.now.V1("")
	}
	return r.now.V1(tree1(r.contents, r.kept, v1.AsItStands))
}

// Matches tells whether an image with the mark was made from this, on the given parents.
func (r Reading) Matches(m inputs.Mark, parents []inputs.Parent) (bool, error) {
	if m.Inputs == "" {
		return false, nil
	}
	if m.Old() {
		for _, mask := range v1.Masks {
			n := r.now
			if !r.fixed {
				n.Trees = []string{tree1(r.contents, r.kept, mask)}
			}
			for _, p := range n.By(m) {
				if p.On(parents).Digest() == m.Inputs {
					return true, nil
				}
			}
		}
		return false, nil
	}
	followed, err := recipe.Parse(m.Followed)
	if err != nil {
		return false, nil // nobody knows
	}
	p, err := r.Under(followed)
	return p.On(parents).Digest() == m.Inputs, err
}

// Listing lists the context, see buildcontext.Files; its digest is Parts.Tree.
func (r Reading) Listing() []byte {
	if r.fixed {
		return nil
	}
	return r.contents.Listing()
}

// Same tells whether no file that a build followed can have changed since, given the tree as it is now.
func (r Reading) Same(f recipe.Followed, t *buildcontext.Tree) (bool, error) {
	if r.fixed {
		return true, nil
	}
	return r.contents.Same(f, t)
}

// own are the texts that count as a file of the context.
func own(img *fleet.Image, r fleet.Recipe) buildcontext.Own {
	if r.Plain {
		return buildcontext.Own{}
	}
	o := buildcontext.Own{Context: []byte(untagged(r.Dockerfile.Text, img))}
	if r.Artifacts.File != "" {
		o.Artifacts = []byte(untagged(r.Artifacts.Text, img))
	}
	return o
}

// untagged is a Dockerfile's text without the tags of the images below the fleet's registry and
// namespace. NUL, which no Dockerfile has, keeps a placeholder from being confused with text.
func untagged(text string, img *fleet.Image) string {
	names := map[string]string{}
	for _, p := range img.MadeFrom(func(string) digests.Config { return "" }) {
		if p.Name != p.Ref && !p.OnBuild {
			names[p.Ref] = p.Name
		}
	}
	pairs := []string{}
	for _, ref := range byLength(names) {
		pairs = append(pairs, ref, "\x00"+names[ref]+"\x00")
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// byLength puts base:1.10 before base:1.1, which it begins with.
func byLength(names map[string]string) []string {
	refs := make([]string, 0, len(names))
	for ref := range names {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return refs
}

// commit is what stands for the files of a commit.
func commit(p *inputs.Parts, s fleet.Source) {
	if s.Commit == "" {
		return
	}
	p.Commit, p.Checkout = s.Commit, s.Checkout
	if s.Dir != "." {
		p.Folder = s.Dir
	}
	if s.IgnoreFile != buildcontext.IgnoreFile {
		p.IgnoreFile = s.IgnoreFile
	}
}
