package inputs

import (
	"cmp"
	"slices"

	"github.com/slipway-build/slipway/digests"
)

// Parent is an image that another is made from.
type Parent struct {
	// Name is the image's below the fleet's registry and namespace, whether it is one of the fleet or not;
	// the reference for others. Ref is its reference, below the registry with a tag.
	Name string `json:"name"`
	Ref  string `json:"ref"`
	// Written is how the Dockerfile has the reference of an image that is not one of the fleet, or not
	// under its own, where Name is not that. It is no input.
	Written string         `json:"written,omitempty"`
	Digest  digests.Config `json:"digest"` // empty when it is in no store
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

// Sort is the order of an image's parents: what ONBUILD instructions add comes last.
func Sort(parents []Parent) {
	slices.SortStableFunc(parents, func(a, b Parent) int {
		return cmp.Or(behind(a.OnBuild, b.OnBuild), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Ref, b.Ref))
	})
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
