package fleet

import (
	"cmp"
	"slices"
	"strings"
)

// similar returns up to three names of images that may have been meant, the most similar first.
func (f *Fleet) similar(name string) []string {
	known := make([]string, len(f.Images))
	for i, img := range f.Images {
		known[i] = img.Name
	}
	return Similar(name, known)
}

// Similar returns up to three of the known names that may have been meant by a misspelt one, the most
// similar first. Small letters in place of capitals, or the other way round, are one slip together.
func Similar(name string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	limit := max(1, min(len(name)/4, 3))
	if len(name) < 2 {
		return nil // every other letter is near
	}
	var near []candidate
	for _, k := range known {
		d := distance(name, k, limit)
		if lower, other := strings.ToLower(name), strings.ToLower(k); d > 0 && (lower != name || other != k) {
			d = min(d, 1+distance(lower, other, limit))
		}
		if d <= limit {
			near = append(near, candidate{k, d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, c := range slices.Compact(near) {
		if len(names) < 3 {
			names = append(names, c.name)
		}
	}
	return names
}

// distance counts insertions, deletions, substitutions and swaps of neighbours that make b of a; it
// is more than limit when the lengths alone say so.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current[0] = i + 1
		for j := range len(b) {
			change := previous[j]
			if a[i] != b[j] {
				change++
			}
			current[j+1] = min(change, previous[j+1]+1, current[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
