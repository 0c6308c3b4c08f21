package fleet

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strings"
)

// link completes the graph: children, order, or the error that lists all cycles.
func (f *Fleet) link() error {
	f.children = make([][]*Image, len(f.Images))
	for _, img := range f.Images { // sorted by name, so each list of children is too
		for _, d := range img.Depends {
			if d.Orders() {
				f.children[d.Image.index] = append(f.children[d.Image.index], img)
			}
		}
	}
	f.order = f.topological()
	if len(f.order) < len(f.Images) {
		return f.cycleErrors()
	}
	for i, img := range f.order {
		img.position = i
	}
	return nil
}

// topological is Kahn's algorithm with the smallest name first, so that the order depends on
// nothing but names and edges. Images on and behind a cycle are left out.
func (f *Fleet) topological() []*Image {
	waits := make([]int, len(f.Images))
	var ready byIndex
	for i, img := range f.Images {
		for _, d := range img.Depends {
			if d.Orders() {
				waits[i]++
			}
		}
		if waits[i] == 0 {
			ready = append(ready, i) // ascending: a heap already
		}
	}
	order := make([]*Image, 0, len(f.Images))
	for len(ready) > 0 {
		i := heap.Pop(&ready).(int)
		order = append(order, f.Images[i])
		for _, child := range f.children[i] {
			if waits[child.index]--; waits[child.index] == 0 {
				heap.Push(&ready, child.index)
			}
		}
	}
	return order
}

// byIndex is a heap of indexes into Fleet.Images, which are in the order of names.
type byIndex []int

func (h byIndex) Len() int           { return len(h) }
func (h byIndex) Less(i, j int) bool { return h[i] < h[j] }
func (h byIndex) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byIndex) Push(x any)        { *h = append(*h, x.(int)) }
func (h *byIndex) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// Order returns all images so that each comes after everything it depends on; among those that
// could come next the smallest name is first.
func (f *Fleet) Order() []*Image { return slices.Clone(f.order) }

// Children returns the images that depend on img directly, sorted by name.
func (f *Fleet) Children(img *Image) []*Image { return slices.Clone(f.children[img.index]) }

// Dependents returns the images that depend on img, however far, in the order of Order. The image
// itself is not among them.
func (f *Fleet) Dependents(img *Image) []*Image {
	seen := map[*Image]bool{img: true}
	var found []*Image
	next := []*Image{img}
	for len(next) > 0 {
		current := next[len(next)-1]
		next = next[:len(next)-1]
		for _, child := range f.children[current.index] {
			if !seen[child] {
				seen[child] = true
				found = append(found, child)
				next = append(next, child)
			}
		}
	}
	sortByOrder(found)
	return found
}

func sortByOrder(images []*Image) {
	slices.SortFunc(images, func(a, b *Image) int { return cmp.Compare(a.position, b.position) })
}

// cycleErrors names each knot of images that need each other, by its shortest cycle.
func (f *Fleet) cycleErrors() error {
	var problems []Problem
	for _, knot := range f.knots() {
		cycle := shortestCycle(knot)
		names, edges := cycle[0].img.Name, ""
		for _, e := range cycle {
			names += " → " + e.dep.Name
			edges += fmt.Sprintf("\n  %s: %s needs %s",
				place(f.Path(e.img, e.dep.File), e.dep.Line), e.img.Name, e.dep.Name)
		}
		text := "cannot order the images: " + names + " is a dependency cycle"
		if others := namesOutside(knot, cycle); others != "" {
			text += "; on other cycles with them: " + others
		}
		problems = append(problems, problem(DependencyCycle, f.Path(cycle[0].img, cycle[0].dep.File), cycle[0].dep.Line,
			"remove one of these dependencies, from control and from the Dockerfile", "%s%s", text, edges))
	}
	return joinProblems(problems)
}

func place(path string, line int) string {
	if line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d", path, line)
}

func namesOutside(knot []*Image, cycle []edge) string {
	var names []string
	for _, img := range knot {
		if !slices.ContainsFunc(cycle, func(e edge) bool { return e.img == img }) {
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

// shortestCycle is the shortest in a knot; of several the one with the smallest first name.
func shortestCycle(knot []*Image) []edge {
	inside := make(map[*Image]bool, len(knot))
	for _, img := range knot {
		inside[img] = true
	}
	var best []edge
	for _, start := range knot {
		if cycle := cycleThrough(start, inside, len(best)); cycle != nil {
			best = cycle
		}
	}
	return best
}

// cycleThrough is a breadth-first search for the way back to start that is shorter than limit, when
// limit is not 0.
func cycleThrough(start *Image, inside map[*Image]bool, limit int) []edge {
	from := map[*Image]edge{}
	depth := 1
	for level := []*Image{start}; len(level) > 0 && (limit == 0 || depth < limit); depth++ {
		var next []*Image
		for _, img := range level {
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
