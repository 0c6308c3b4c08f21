package inputs

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet"
)

// Parent is an image that another is made from.
type Parent struct {
	// Name is the image's below the fleet's registry and namespace, whether it is one of the fleet or not;
	// the reference for others. Ref is its reference, below the registry with a tag.
	Name string `json:"name"`
	Ref  string `json:"ref"`
	// Written is how the Dockerfile has the reference of an image that is not one of the fleet, or not
	// under its own, where Name is not that. It is no input.
	Written string `json:"written,omitempty"`
	Digest  string `json:"digest"` // of the image's content; empty when it is in no store
	// OnBuild tells that only an ONBUILD instruction of another parent uses it.
	OnBuild bool `json:"onbuild,omitempty"`
	// Of names the fleet's image that Name is another reference to. It is no input.
	Of string `json:"-"`
}

// Elsewhere tells whether the parent is named as one that is not of the fleet.
func (p Parent) Elsewhere() bool { return p.Written != "" || p.Name == p.Ref }

// Shown is the parent's name for people.
func (p Parent) Shown() string {
	if p.Elsewhere() {
		return cmp.Or(p.Written, p.Ref)
	}
	return p.Name
}

// Parents lists what an image is built on, with the digests that find knows by reference. The same
// reference is the same parent, whether it is an image of the fleet or comes from elsewhere. A reference
// with a digest says all itself. Sorted: what ONBUILD instructions add comes last.
func Parents(img *fleet.Image, find func(ref string) string) []Parent {
	var parents []Parent
	for _, p := range img.Named() {
		parents = append(parents, Parent{Name: p.Name, Ref: p.Ref, Digest: find(p.Ref)})
	}
	for _, ref := range img.External {
		parents = append(parents, elsewhere(img, ref, find))
	}
	for _, a := range img.Aliases {
		if !a.OnBuild {
			p := elsewhere(img, a.Ref, func(string) string { return find(a.Image.Ref) })
			p.Of = a.Image.Name
			parents = append(parents, p)
		}
	}
	for _, p := range img.Added() {
		parents = append(parents, Parent{Name: p.Name, Ref: p.Ref, Digest: find(p.Ref), OnBuild: true})
	}
	for _, ref := range img.OnBuild {
		p := elsewhere(img, ref, find)
		p.OnBuild = true
		parents = append(parents, p)
	}
	slices.SortStableFunc(parents, func(a, b Parent) int {
		return cmp.Or(behind(a.OnBuild, b.OnBuild), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Ref, b.Ref))
	})
	return parents
}

// behind compares for an order in which those come last of which something is true.
func behind(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func elsewhere(img *fleet.Image, ref string, find func(ref string) string) Parent {
	p := Parent{Name: ref, Ref: ref}
	if !strings.Contains(ref, "@") && !slices.Contains(img.Before, ref) {
		p.Digest = find(ref)
	}
	if name, whole, below := below(img, ref); below {
		p.Name, p.Ref, p.Written = name, whole, ref
	}
	return p
}

// below takes the fleet's registry and namespace from a reference, which has a tag then.
func below(img *fleet.Image, ref string) (name, whole string, is bool) {
	own, _, _ := fleet.SplitRef(img.Ref)
	repo, tag, digest := fleet.SplitRef(ref)
	name, is = strings.CutPrefix(repo, strings.TrimSuffix(own, img.Name))
	if !is || name == "" || digest != "" {
		return "", "", false
	}
	return name, repo + ":" + cmp.Or(tag, "latest"), true
}

// unwritten are the parents as they count: each once, however it is written.
func unwritten(parents []Parent) []Parent {
	var out []Parent
	for _, p := range parents {
		p.Written = ""
		if !slices.ContainsFunc(out, func(o Parent) bool { return o.Name == p.Name && o.Ref == p.Ref }) {
			out = append(out, p)
		}
	}
	return out
}

// written are the parents that the Dockerfile names itself.
func (p Parts) written() []Parent {
	return slices.DeleteFunc(slices.Clone(p.Parents), func(p Parent) bool { return p.OnBuild })
}

// Counted are the parents that count by the rules that made the parts: package v1 knows nothing of what
// ONBUILD instructions use, and has the fleet's images first, those from elsewhere as they are written.
func (p Parts) Counted() []Parent {
	if p.Scheme != 0 {
		return p.Parents
	}
	parents := p.written()
	for i := range parents {
		switch one := &parents[i]; {
		case one.Written == "":
		case slices.Contains(p.members, one.Written):
			one.Written = ""
		default:
			one.Name, one.Ref, one.Written = one.Written, one.Written, ""
		}
	}
	slices.SortStableFunc(parents, func(a, b Parent) int {
		return cmp.Or(behind(a.Elsewhere(), b.Elsewhere()), cmp.Compare(a.Name, b.Name))
	})
	return parents
}

// untagged is a Dockerfile's text without the tags of the images below the fleet's registry and
// namespace. NUL, which no Dockerfile has, keeps a placeholder from being confused with text.
func untagged(text string, img *fleet.Image) string {
	names := map[string]string{}
	for _, p := range Parents(img, func(string) string { return "" }) {
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
