package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet/fault"
)

// looseUse is a use of a current image of the fleet that the first Slipways took for one of an image from
// elsewhere: by an ONBUILD instruction, or under another reference than the image's own.
type looseUse struct {
	target  *Image
	ref     string // as written
	kind    string // of Use
	by      string // the image's Dockerfile that it is in, or gets into
	line    int    // in that one, rendered
	of      *Image // that has the ONBUILD instruction; nil for none
	ofLine  int    // of the instruction, in of's rendered Dockerfile
	idle    bool   // BuildKit only looks the target up
	warning Problem
}

// added tells whether an ONBUILD instruction makes the use.
func (u looseUse) added() bool { return u.of != nil }

// looseEdge is a dependency that a cycle may not be made of.
type looseEdge struct {
	img    *Image
	target *Image
	rank   int
}

// loosen takes out of the graph what would close a cycle and is not firm. The best known edges stay:
// further tags before ONBUILD instructions, those before odd items of control.
func (r *renderer) loosen(results []rendered) {
	for _, knot := range r.scan.fleet.knots() {
		var edges []looseEdge
		for _, img := range knot {
			for _, d := range img.Depends {
				if d.Orders() && !d.firm() && slices.Contains(knot, d.Image) {
					edges = append(edges, looseEdge{img, d.Image, d.rank()})
				}
			}
		}
		slices.SortStableFunc(edges, func(a, b looseEdge) int { return cmp.Compare(a.rank, b.rank) })
		out := make(map[looseEdge]bool, len(edges))
		for _, e := range edges {
			out[e] = true
		}
		for _, e := range edges {
			if way := wayTo(e.target, e.img, out); way != nil {
				r.drop(e, way, results)
			}
			delete(out, e)
		}
	}
}

// rank sorts dependencies that are not firm, the best known first.
func (d Dependency) rank() int {
	for i, is := range []bool{d.Aliased, d.OnBuild, d.LookedUp} {
		if is {
			return i
		}
	}
	return 3
}

// wayTo is the shortest way from an image to another one that it needs, without the edges that are out;
// nil for none. From an image to itself there always is one.
func wayTo(from, to *Image, out map[looseEdge]bool) []*Image {
	before := map[*Image]*Image{from: nil}
	for todo := []*Image{from}; len(todo) > 0; todo = todo[1:] {
		img := todo[0]
		if img == to {
			way := []*Image{}
			for ; img != nil; img = before[img] {
				way = append(way, img)
			}
			slices.Reverse(way)
			return way
		}
		for _, d := range img.Depends {
			if d.Orders() && !out[looseEdge{img, d.Image, d.rank()}] {
				if _, seen := before[d.Image]; !seen {
					before[d.Image] = img
					todo = append(todo, d.Image)
				}
			}
		}
	}
	return nil
}

// drop makes of an edge what it was before it was known: uses of an image from elsewhere, which the
// target is before it is built anew. way leads from the target back to the image.
func (r *renderer) drop(edge looseEdge, way []*Image, results []rendered) {
	img, target, result := edge.img, edge.target, &results[edge.img.index]
	i := slices.IndexFunc(img.Depends, func(d Dependency) bool { return d.Image == target })
	d := &img.Depends[i]
	d.Declared, d.Aliased, d.OnBuild, d.LookedUp = false, false, false, false
	img.Aliases = slices.DeleteFunc(img.Aliases, func(a Alias) bool { return a.Image == target })
	uses := slices.DeleteFunc(slices.Clone(result.loose), func(u looseUse) bool { return u.target != target })
	if len(uses) == 0 && !d.PassedOn { // nothing but control had it
		img.Depends = slices.Delete(img.Depends, i, i+1)
		return
	}
	for _, u := range uses {
		result.warnings = slices.DeleteFunc(result.warnings, func(w Problem) bool { return w == u.warning && u.warning.Text != "" })
		if u.idle {
			continue
		}
		u.ref = r.restore(u, img, results)
		if u.added() {
			img.OnBuild = append(img.OnBuild, u.ref)
		} else {
			img.External = append(img.External, u.ref)
		}
		img.Before = append(img.Before, u.ref)
		result.warnings = append(result.warnings, r.unordered(u, img, way, results))
	}
	if img.Base == target.Ref {
		img.Base = result.base
	}
	img.sortUses()
}

// restore takes back that a short name was written out, and returns the reference as it is then.
func (r *renderer) restore(u looseUse, img *Image, results []rendered) string {
	owner, line := img, u.line
	if u.added() {
		owner, line = u.of, u.ofLine
	}
	result := &results[owner.index]
	text := &result.recipe.Dockerfile
	if result.listed == nil || text.Text == "" {
		return u.ref
	}
	was := result.listed.restore(line, strings.TrimPrefix(u.kind, OnBuildUse), u.target.Ref)
	text.Text, text.written = result.listed.texts()
	return cmp.Or(was, u.ref)
}

// unordered tells of a use that a cycle keeps from being built first.
func (r *renderer) unordered(u looseUse, img *Image, way []*Image, results []rendered) Problem {
	names, kind := img.Name, strings.TrimPrefix(u.kind, OnBuildUse)
	for _, i := range way {
		names += " → " + i.Name
	}
	if u.added() {
		file := results[u.of.index].recipe.Dockerfile.File
		at := u.of.Definition.Place(file, u.ofLine)
		kind = fmt.Sprintf("%s%s in %s", OnBuildUse, kind, place(cmp.Or(at.Path, r.scan.show(u.of, file)), at.Line))
	} else {
		kind += ", a further name of " + u.target.Ref
	}
	p := newProblem(fault.UnorderedReference, r.scan.show(img, u.by), 0,
		"nothing is to be done if that is meant; else name another image there, or end the cycle",
		"%s uses %s (%s) as it was before: it cannot be built first, as %s is a dependency cycle", img.Name, u.ref, kind, names)
	return p.at(img.Definition.Place(u.by, u.line), u.line)
}
