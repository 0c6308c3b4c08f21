package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet/fault"
)

// cycleErrors names each knot of images that need each other, by its shortest cycle.
func (f *Fleet) cycleErrors() error {
	var problems []Problem
	for _, knot := range f.knots() {
		problems = append(problems, f.cycleProblem(knot))
	}
	return joinProblems(problems)
}

func (f *Fleet) cycleProblem(knot []*Image) Problem {
	cycle := shortestCycle(knot)
	var names, edges strings.Builder
	names.WriteString(cycle[0].img.Name)
	for _, e := range cycle {
		names.WriteString(" → " + e.dep.Name)
		fmt.Fprintf(&edges, "\n  %s: %s needs %s",
			place(f.DependencyFile(e.img, e.dep), e.dep.Line), e.img.Name, e.dep.Name)
	}
	text := "cannot order the images: " + names.String() + " is a dependency cycle"
	if others := namesOutside(knot, cycle); others != "" {
		text += "; on other cycles with them: " + others
	}
	hint := "remove one of these dependencies, from control and from the Dockerfile"
	if slices.ContainsFunc(cycle, func(e edge) bool { return e.img.declares != f.Path(e.img, controlFile) }) {
		hint = "remove one of these dependencies, from depends or control, and from the Dockerfile"
	}
	return newProblem(fault.DependencyCycle, f.DependencyFile(cycle[0].img, cycle[0].dep), cycle[0].dep.Line, hint, "%s%s", text, edges.String())
}

// blameCycles gives the images on cycles, and those that need them, their errors, and a place in the
// order behind all others.
func (f *Fleet) blameCycles() {
	ordered, onCycle := make(map[*Image]bool, len(f.order)), map[*Image]bool{}
	for _, img := range f.order {
		ordered[img] = true
	}
	for _, knot := range f.knots() {
		p := f.cycleProblem(knot)
		for _, img := range knot {
			onCycle[img] = true
			img.Err = errors.Join(img.Err, p)
		}
	}
	for _, img := range f.Images {
		if ordered[img] {
			continue
		}
		f.order = append(f.order, img)
		if onCycle[img] {
			continue
		}
		i := slices.IndexFunc(img.Depends, func(d Dependency) bool { return d.Orders() && !ordered[d.Image] })
		d, which := img.Depends[i], "which needs images on a dependency cycle"
		if onCycle[d.Image] {
			which = "which is on a dependency cycle"
		}
		img.Err = errors.Join(img.Err, newProblem(fault.DependencyCycle, f.DependencyFile(img, d), d.Line, "",
			"cannot order %s: it needs %s, %s", img.Name, d.Name, which))
	}
	for i, img := range f.order {
		img.position = i
	}
}

func place(path string, line int) string {
	if line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d", path, line)
}

func namesOutside(knot []*Image, cycle []edge) string {
	on := make(map[*Image]bool, len(cycle))
	for _, e := range cycle {
		on[e.img] = true
	}
	var names []string
	for _, img := range knot {
		if !on[img] {
			names = append(names, img.Name)
		}
	}
	return strings.Join(names, ", ")
}

// knots are the strongly connected components that have a cycle (Tarjan), each sorted by name.
func (f *Fleet) knots() [][]*Image {
	t := tarjan{number: make([]int, len(f.Images)), low: make([]int, len(f.Images)), on: make([]bool, len(f.Images))}
	for _, img := range f.Images {
		if t.number[img.index] == 0 {
			t.visit(img)
		}
	}
	for _, knot := range t.knots {
		slices.SortFunc(knot, func(a, b *Image) int { return cmp.Compare(a.index, b.index) })
	}
	return t.knots
}

type tarjan struct {
	count       int
	number, low []int // by Image.index; number 0 is "not seen"
	on          []bool
	stack       []*Image
	knots       [][]*Image
}

func (t *tarjan) visit(img *Image) {
	i := img.index
	t.count++
	t.number[i], t.low[i], t.on[i] = t.count, t.count, true
	t.stack = append(t.stack, img)
	self := false
	for _, d := range img.Depends {
		if !d.Orders() {
			continue
		}
		j := d.Image.index
		self = self || i == j
		if t.number[j] == 0 {
			t.visit(d.Image)
			t.low[i] = min(t.low[i], t.low[j])
		} else if t.on[j] {
			t.low[i] = min(t.low[i], t.number[j])
		}
	}
	if t.low[i] < t.number[i] {
		return
	}
	start := slices.Index(t.stack, img)
	knot := slices.Clone(t.stack[start:])
	t.stack = t.stack[:start]
	for _, member := range knot {
		t.on[member.index] = false
	}
	if len(knot) > 1 || self {
		t.knots = append(t.knots, knot)
	}
}

// edge is one step of a cycle: img needs dep.
type edge struct {
	img *Image
	dep Dependency
}

// maxCycleSteps bounds the search for the shortest cycle, in dependencies looked at: half a second of work.
const maxCycleSteps = 1_000_000

// shortestCycle is the shortest in a knot; of several the one with the smallest first name. In a knot of
// thousands it is the shortest of those that were found in bounded time, at least one.
func shortestCycle(knot []*Image) []edge {
	inside := make(map[*Image]bool, len(knot))
	for _, img := range knot {
		inside[img] = true
	}
	var best []edge
	steps := 0
	for _, start := range knot {
		if cycle := cycleThrough(start, inside, len(best), &steps); cycle != nil {
			best = cycle
		}
		if steps > maxCycleSteps {
			break
		}
	}
	return best
}

// cycleThrough is a breadth-first search for the way back to start that is shorter than limit, when
// limit is not 0. It adds to steps how many dependencies it looked at.
func cycleThrough(start *Image, inside map[*Image]bool, limit int, steps *int) []edge {
	from := map[*Image]edge{}
	depth := 1
	for level := []*Image{start}; len(level) > 0 && (limit == 0 || depth < limit); depth++ {
		var next []*Image
		for _, img := range level {
			*steps += len(img.Depends)
			for _, d := range img.Depends {
				if !d.Orders() || !inside[d.Image] {
					continue
				}
				if d.Image == start {
					return wayBack(start, edge{img, d}, from)
				}
				if _, seen := from[d.Image]; !seen {
					from[d.Image] = edge{img, d}
					next = append(next, d.Image)
				}
			}
		}
		level = next
	}
	return nil
}

func wayBack(start *Image, last edge, from map[*Image]edge) []edge {
	cycle := []edge{last}
	for img := last.img; img != start; img = from[img].img {
		cycle = append(cycle, from[img])
	}
	slices.Reverse(cycle)
	return cycle
}
