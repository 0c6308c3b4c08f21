package plan_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

func TestPruneOfRandomWorlds(t *testing.T) {
	removed := 0
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 6))
		w := newWorld(t, r)
		removals := plan.Prune(w.fleet, w.facts.Images, plan.PruneOptions{Select: w.glob})
		if diff := cmp.Diff(refs(removals), refs(plan.Prune(w.fleet, w.facts.Images, plan.PruneOptions{Select: w.glob}))); diff != "" {
			t.Fatalf("seed %d: two prunings of the same differ\n%s", seed, diff)
		}
		gone := map[string]bool{}
		position := map[*fleet.Image]int{}
		for i, rem := range removals {
			removed++
			gone[rem.Ref], position[rem.Image] = true, i
			if rem.Ref == rem.Image.Ref {
				t.Fatalf("seed %d: %s is current", seed, rem.Ref)
			}
			if !strings.HasPrefix(rem.Ref, "registry.example:5000/ns/"+rem.Image.Name+":") {
				t.Fatalf("seed %d: %s is no version of %s", seed, rem.Ref, rem.Image.Name)
			}
		}
		for ref := range w.facts.Images {
			img := w.fleet.Lookup(strings.Split(strings.TrimPrefix(ref, "registry.example:5000/ns/"), ":")[0])
			want := img != nil && img.Ref != ref && fleet.NewSelection(w.glob).Matches(img)
			if gone[ref] != want {
				t.Fatalf("seed %d: %s is removed: %v", seed, ref, gone[ref])
			}
		}
		for img, at := range position {
			for _, child := range w.fleet.Children(img) {
				if childAt, ok := position[child]; ok && childAt > at {
					t.Fatalf("seed %d: %s goes before %s, which is built on it", seed, img.Name, child.Name)
				}
			}
		}
	}
	if removed < 500 {
		t.Errorf("only %d removals: the test tests too little", removed)
	}
}

func refs(removals []plan.Removal) []string {
	var all []string
	for _, r := range removals {
		all = append(all, strings.TrimPrefix(r.Ref, "registry.example:5000/ns/"))
	}
	return all
}

func TestPrune(t *testing.T) {
	f := newFleet(t, "base:1.0", "lib:2.0 needs base", "app:3.0! needs lib", "new:1.0")
	stored := newFacts("base:1.0", "base:0.9", "base:0.10", "base:1.0-20260131", "base:latest", "lib:1.9", "lib:2.0-20260131",
		"app:2.9", "app:3.0", "other:1.0", "basement:0.9").Images
	for _, ref := range []string{"elsewhere.example/ns/base:0.9", "base:0.9", "registry.example:5000/ns/base@sha256:00"} {
		stored[ref] = plan.StoredImage{}
	}
	tests := []struct {
		name string
		o    plan.PruneOptions
		want []string
	}{
		{"all", plan.PruneOptions{}, []string{"app:2.9", "lib:1.9", "lib:2.0-20260131", "base:0.9", "base:0.10", "base:1.0-20260131", "base:latest"}},
		{"nightly", plan.PruneOptions{Nightly: "20260131"}, []string{"app:2.9", "lib:1.9", "base:0.9", "base:0.10", "base:latest"}},
		{"select", plan.PruneOptions{Select: "*/lib:2*"}, []string{"lib:1.9", "lib:2.0-20260131"}},
		{"select by what is kept", plan.PruneOptions{Select: "*:1.9"}, nil},
		{"select a nightly build", plan.PruneOptions{Nightly: "20260131", Select: "base:*-20260131"}, []string{"base:0.9", "base:0.10", "base:latest"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, refs(plan.Prune(f, stored, tt.o))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestPruneNightly is what the issue of this flag was about: an image without a new version that night.
func TestPruneNightly(t *testing.T) {
	f := newFleet(t, "b:0.4", "quiet:1.0", "absent:2")
	stored := map[string]plan.StoredImage{}
	for ref, manifest := range map[string]string{
		"b:0.3": "night", "b:0.3-20261129": "before", "b:0.3-20261130": "night", "b:0.4": "new", "b:0.4-20261201": "new",
		"b:prod": "new", "b:rc": "night", "b:was": "before", "b:edge-20261201": "new", "quiet:b": "new", "quiet:1.0": "q", "quiet:0.9": "p",
		"absent:1": "a", "stranger:1": "s",
	} {
		stored["registry.example:5000/ns/"+ref] = plan.StoredImage{Manifest: digests.Manifest(manifest)}
	}
	for _, tt := range []struct {
		name string
		o    plan.PruneOptions
		want []string
	}{
		{"that night", plan.PruneOptions{Nightly: "20261130"}, []string{"quiet:0.9", "b:0.3", "b:0.3-20261129", "b:0.4-20261201", "b:was", "absent:1"}},
		{"with a dash", plan.PruneOptions{Nightly: "-20261130"}, []string{"quiet:0.9", "b:0.3", "b:0.3-20261129", "b:0.4-20261201", "b:was", "absent:1"}},
		{"no night", plan.PruneOptions{}, []string{"quiet:0.9", "b:0.3", "b:0.3-20261129", "b:0.3-20261130", "b:0.4-20261201", "b:rc", "b:was", "absent:1"}},
		{"selected by an old version's build", plan.PruneOptions{Nightly: "20261129", Select: "b:0.3-*"},
			[]string{"b:0.3", "b:0.3-20261130", "b:0.4-20261201", "b:rc"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, refs(plan.Prune(f, stored, tt.o))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if got := plan.NightlyBuilds(f, stored, plan.PruneOptions{Nightly: "20261130"}); len(got) != 1 || !strings.HasSuffix(got[0], "/b:0.3-20261130") {
		t.Errorf("the builds of 30 November are %q", got)
	}
}

// tagged is a tag of a random store, and how it came to be.
type tagged struct {
	manifest, night string
	version         string // that Slipway built under this tag; empty when a person gave it
}

// randomNights plays some nights: new versions, nightly builds that change something or nothing, and
// people who tag what is there.
func randomNights(r *rand.Rand, names []string) (current map[string]string, store map[string]tagged) {
	current, store = map[string]string{}, map[string]tagged{}
	serial, content := 0, map[string]string{}
	for _, name := range names {
		current[name] = "1.0"
	}
	for range 5 + r.IntN(40) {
		name := names[r.IntN(len(names))]
		version := current[name]
		if content[name+version] == "" || r.IntN(4) == 0 {
			serial++
			content[name+version] = fmt.Sprint("m", serial)
		}
		built := tagged{manifest: content[name+version], version: version}
		switch r.IntN(6) {
		case 0:
			serial++
			current[name] = fmt.Sprintf("%d.%d", 1+serial/5, serial%5)
		case 1, 2:
			store[name+":"+version] = built
		case 3, 4:
			built.night = fmt.Sprintf("202611%02d", 28+r.IntN(3))
			store[name+":"+version+"-"+built.night] = built
		case 5:
			for _, other := range store { // any
				store[names[r.IntN(len(names))]+":"+[]string{"prod", "rc-1", "v2", "prod-20261115"}[r.IntN(4)]] = tagged{manifest: other.manifest}
				break
			}
		}
	}
	return current, store
}

func TestPruneOfRandomNights(t *testing.T) {
	names := []string{"a", "b", "c"}
	removed, further, nights := 0, 0, 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 15))
		current, store := randomNights(r, names)
		f := newFleet(t, "a:"+current["a"], "b:"+current["b"]+" needs a", "c:"+current["c"]+" needs b")
		night := []string{"", "20261128", "20261129"}[r.IntN(3)]
		stays, known := map[string]bool{}, map[string]plan.StoredImage{}
		good := map[string]bool{} // manifests
		for ref, tag := range store {
			known["registry.example:5000/ns/"+ref] = plan.StoredImage{Manifest: digests.Manifest(tag.manifest)}
			name, _, _ := strings.Cut(ref, ":")
			theNight := night != "" && (tag.night == night || strings.HasSuffix(ref, "-"+night))
			if theNight || tag.version != "" && tag.night == "" && tag.version == current[name] {
				stays[ref], good[tag.manifest] = true, true
			}
		}
		for ref, tag := range store {
			if !stays[ref] && tag.version == "" && good[tag.manifest] {
				stays[ref] = true
				further++
			}
		}
		gone := map[string]bool{}
		for _, ref := range refs(plan.Prune(f, known, plan.PruneOptions{Nightly: night, UpdateID: "s"})) {
			gone[ref] = true
			removed++
		}
		for ref, tag := range store {
			if gone[ref] == stays[ref] {
				t.Fatalf("seed %d, night %q: %s (%+v) is removed: %v\nversions %v\nstore %v", seed, night, ref, tag, gone[ref], current, store)
			}
			if tag.night != "" && tag.night == night && tag.version != current[ref[:1]] {
				nights++
			}
		}
	}
	if removed < 2000 || further < 500 || nights < 200 {
		t.Errorf("%d removed, %d further tags, %d builds of older versions: the test tests too little", removed, further, nights)
	}
}

// TestPruneKeepsDigests: what somebody fetched by its digest is no version of an image.
func TestPruneKeepsDigests(t *testing.T) {
	f := newFleet(t, "app:1.1")
	const repository = "registry.example:5000/ns/app"
	digest := "@sha256:" + strings.Repeat("0", 64)
	stored := map[string]plan.StoredImage{repository + ":1.0": {}, repository + digest: {}, repository + ":0.9" + digest: {}}
	if diff := cmp.Diff([]string{"app:1.0"}, refs(plan.Prune(f, stored, plan.PruneOptions{}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
