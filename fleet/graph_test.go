package fleet_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/problem"
)

// randomImages makes a graph of up to 40 images whose names say nothing of the edges. With cycles
// an edge may go anywhere. Some edges do not order.
func randomImages(r *rand.Rand, cycles bool) []*fleet.Image {
	n := 1 + r.IntN(40)
	images := make([]*fleet.Image, n)
	for i, number := range r.Perm(n) {
		images[i] = &fleet.Image{Name: fmt.Sprintf("image-%02d", number), Version: "1.0", Tag: "1.0"}
		images[i].Ref = "registry.example/" + images[i].Name + ":1.0"
		images[i].Dir = images[i].Name
	}
	for i, img := range images {
		for j, other := range images {
			if (j < i || cycles) && r.IntN(n) == 0 {
				kind := r.IntN(8)
				img.Depends = append(img.Depends, fleet.Dependency{
					Name: other.Name, Declared: kind > 1, Used: kind%2 == 1, File: "control", Line: j + 1,
				})
			}
		}
		img.Depends = append(img.Depends, fleet.Dependency{Name: "elsewhere", Declared: true})
	}
	return images
}

// reach is everything that img needs, however far; by the book, for comparison.
func reach(img *fleet.Image, seen map[*fleet.Image]bool) map[*fleet.Image]bool {
	for _, parent := range img.Parents() {
		if !seen[parent] {
			seen[parent] = true
			reach(parent, seen)
		}
	}
	return seen
}

func TestOrderOfRandomGraphs(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		images := randomImages(r, false)
		f, err := fleet.New("fleet", images)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		order := f.Order()
		if diff := cmp.Diff(names(smallestFirst(images)), names(order)); diff != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, diff)
		}
		for _, img := range images {
			var want []string
			for _, other := range order {
				if reach(other, map[*fleet.Image]bool{})[img] {
					want = append(want, other.Name)
				}
			}
			if diff := cmp.Diff(want, names(f.Dependents(img))); diff != "" {
				t.Fatalf("seed %d: dependents of %s: (-want +got)\n%s", seed, img.Name, diff)
			}
		}
		shuffled := slices.Clone(images)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, err := fleet.New("fleet", shuffled)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(names(order), names(again.Order())); diff != "" {
			t.Fatalf("seed %d: another order of input gives another result:\n%s", seed, diff)
		}
	}
}

// smallestFirst takes the smallest name of those that need nothing more, again and again.
func smallestFirst(images []*fleet.Image) []*fleet.Image {
	var order []*fleet.Image
	rest := slices.SortedFunc(slices.Values(images), func(a, b *fleet.Image) int { return strings.Compare(a.Name, b.Name) })
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(img *fleet.Image) bool {
			return !slices.ContainsFunc(img.Parents(), func(p *fleet.Image) bool { return !slices.Contains(order, p) })
		})
		order = append(order, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return order
}

func names(images []*fleet.Image) []string {
	var all []string
	for _, img := range images {
		all = append(all, img.Name)
	}
	return all
}

func TestCyclesOfRandomGraphs(t *testing.T) {
	cyclic := 0
	for seed := range uint64(300) {
		images := randomImages(rand.New(rand.NewPCG(seed, 2)), true)
		_, err := fleet.New("fleet", images)
		// New has found the images of the dependencies, so reach works on cycles too.
		knots := map[string]bool{}
		for _, img := range images {
			if mine := reach(img, map[*fleet.Image]bool{}); mine[img] {
				var knot []string
				for other := range mine {
					if reach(other, map[*fleet.Image]bool{})[img] {
						knot = append(knot, other.Name)
					}
				}
				slices.Sort(knot)
				knots[strings.Join(knot, " ")] = true
			}
		}
		problems := flatten(err)
		if len(problems) != len(knots) {
			t.Fatalf("seed %d: %d problems for %d knots %v:\n%v", seed, len(problems), len(knots), knots, err)
		}
		for knot := range knots {
			cyclic++
			if !slices.ContainsFunc(problems, func(e error) bool { return namesAll(e, knot) }) {
				t.Fatalf("seed %d: no problem names all of %s:\n%v", seed, knot, err)
			}
		}
	}
	if cyclic < 100 {
		t.Fatalf("only %d cycles: the test tests too little", cyclic)
	}
}

func namesAll(err error, knot string) bool {
	line, _, _ := strings.Cut(err.Error(), "\n")
	for name := range strings.FieldsSeq(knot) {
		if !strings.Contains(line, name) {
			return false
		}
	}
	return true
}

func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, flatten(e)...)
		}
		return all
	}
	return []error{err}
}

func TestShortestCycleIsShown(t *testing.T) {
	image := func(name string, needs ...string) *fleet.Image {
		img := &fleet.Image{Name: name, Dir: name}
		for i, n := range needs {
			img.Depends = append(img.Depends, fleet.Dependency{Name: n, Used: true, File: "Dockerfile.template", Line: i + 1})
		}
		return img
	}
	_, err := fleet.New("fleet", []*fleet.Image{
		image("a", "b"), image("b", "c"), image("c", "a", "d"), image("d", "c"),
	})
	var p fleet.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v", err)
	}
	want := fleet.Problem{Problem: problem.Problem{
		Kind: fault.DependencyCycle, Path: "fleet/c/Dockerfile.template", Line: 2,
		Text: "cannot order the images: c → d → c is a dependency cycle; on other cycles with them: a, b\n" +
			"  fleet/c/Dockerfile.template:2: c needs d\n  fleet/d/Dockerfile.template:1: d needs c",
		Hint: "remove one of these dependencies, from control and from the Dockerfile",
	}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLookupAndChildren(t *testing.T) {
	f, err := fleet.New("fleet", []*fleet.Image{
		{Name: "b", Dir: "x/b", Depends: []fleet.Dependency{{Name: "a", Declared: true}}},
		{Name: "a", Dir: "."},
		{Name: "c", Depends: []fleet.Dependency{{Name: "a"}, {Name: "b", Used: true}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if f.Lookup("a") == nil || f.Lookup("nobody") != nil {
		t.Error("Lookup finds the wrong images")
	}
	if got := f.Path(f.Lookup("b"), "changelog"); got != "fleet/x/b/changelog" {
		t.Errorf("Path is %s", got)
	}
	if diff := cmp.Diff([]string{"b"}, names(f.Children(f.Lookup("a")))); diff != "" {
		t.Errorf("a dependency that is neither declared nor used counts as one\n%s", diff)
	}
}

// TestLongCycle: a circle of thousands of images is named in seconds. The shortest cycle through each of
// them took minutes.
func TestLongCycle(t *testing.T) {
	images := make([]*fleet.Image, 20_000)
	for i := range images {
		next := fleet.Dependency{Name: fmt.Sprintf("b%05d", (i+1)%len(images)), Used: true, File: "control", Line: 1}
		images[i] = &fleet.Image{Name: fmt.Sprintf("b%05d", i), Dir: "x", Depends: []fleet.Dependency{next}}
	}
	begin := time.Now()
	_, err := fleet.New("fleet", images)
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("took %v", took)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "fleet/x/control:1: cannot order the images: b00000 → b00001 → ") ||
		!strings.Contains(err.Error(), "\n  fleet/x/control:1: b19999 needs b00000\n") {
		t.Errorf("got %.300v", err)
	}
}
