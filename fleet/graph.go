package fleet

import (
	"cmp"
	"container/heap"
	"slices"
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
	return f.follow(img, func(i *Image) []*Image { return f.children[i.index] })
}

// affected are the Dependents, and the images that pass one on to what is built FROM them, on whatever platform.
func (f *Fleet) affected(img *Image) []*Image {
	if f.targets == nil {
		return f.affectedHere(img)
	}
	seen := map[*Image]bool{img: true}
	var found []*Image
	for _, target := range f.targets.Images {
		if target.Name != img.Name {
			continue
		}
		for _, other := range f.targets.affectedHere(target) {
			if image := f.byName[other.Name]; !seen[image] {
				seen[image] = true
				found = append(found, image)
			}
		}
	}
	sortByOrder(found)
	return found
}

func (f *Fleet) affectedHere(img *Image) []*Image {
	passing := make([][]*Image, len(f.Images))
	for _, i := range f.Images {
		for _, d := range i.Depends {
			if d.Image != nil && d.PassedOn {
				passing[d.Image.index] = append(passing[d.Image.index], i)
			}
		}
	}
	return f.follow(img, func(i *Image) []*Image { return slices.Concat(f.children[i.index], passing[i.index]) })
}

// follow collects what next leads to, however far.
func (f *Fleet) follow(img *Image, next func(*Image) []*Image) []*Image {
	seen := map[*Image]bool{img: true}
	var found []*Image
	todo := []*Image{img}
	for len(todo) > 0 {
		current := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, child := range next(current) {
			if !seen[child] {
				seen[child] = true
				found = append(found, child)
				todo = append(todo, child)
			}
		}
	}
	sortByOrder(found)
	return found
}

func sortByOrder(images []*Image) {
	slices.SortFunc(images, func(a, b *Image) int { return cmp.Compare(a.position, b.position) })
}
