package plan_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/version"
)

var update = flag.Bool("update", false, "write what the tests get into testdata")

// newFleet makes a fleet of lines "name:tag needs other another". A tag with "!" behind it is that of
// an image with an error.
func newFleet(t testing.TB, lines ...string) *fleet.Fleet {
	t.Helper()
	var images []*fleet.Image
	for _, line := range lines {
		words := strings.Fields(line)
		name, tag, _ := strings.Cut(words[0], ":")
		tag, wrong := strings.CutSuffix(tag, "!")
		img := &fleet.Image{Name: name, Dir: name, Version: version.Version(tag), Tag: tag, Ref: "registry.example:5000/ns/" + name + ":" + tag}
		if wrong {
			img.Err = errors.Join(
				fleet.Problem{Problem: problem.Problem{Path: "fleet/" + name + "/Dockerfile.template", Line: 3, Text: "cannot render it", Hint: "mend it"}},
				fleet.Problem{Problem: problem.Problem{Path: "fleet/" + name + "/control", Line: 1, Text: "cannot read it"}},
			)
		}
		for _, need := range words[min(len(words), 2):] {
			img.Depends = append(img.Depends, fleet.Dependency{Name: need, Declared: true, File: "control", Line: 2})
		}
		images = append(images, img)
	}
	f, err := fleet.New("fleet", images)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// newFacts takes stored images as "name:tag", with "?" behind those that were not tested.
func newFacts(refs ...string) plan.Facts {
	facts := plan.Facts{Images: map[string]plan.StoredImage{}}
	for _, ref := range refs {
		ref, untested := strings.CutSuffix(ref, "?")
		facts.Images["registry.example:5000/ns/"+ref] = plan.StoredImage{ID: "sha256:0", Tested: !untested}
	}
	return facts
}

// text writes a plan as lines "name: action: reason; reason".
func text(p *plan.Plan) []string {
	var lines []string
	for _, s := range p.Steps {
		var reasons []string
		for _, r := range s.Reasons {
			reasons = append(reasons, r.Text())
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", s.Image.Name, s.Action, strings.Join(reasons, "; ")))
	}
	return lines
}

type makeTest struct {
	name   string
	images []string
	stored []string
	glob   string
	want   []string
}

func TestMake(t *testing.T) {
	for _, tt := range append(makeTests(), makeErrorTests()...) {
		t.Run(tt.name, func(t *testing.T) {
			p := plan.Make(newFleet(t, tt.images...), newFacts(tt.stored...), plan.Options{Select: tt.glob})
			if diff := cmp.Diff(tt.want, text(p)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func makeTests() []makeTest {
	chain := []string{"base:1.0", "lib:2.0 needs base", "app:3.0 needs lib", "other:1.0"}
	many := []string{"base:1", "a:1 needs base", "b:1 needs base", "c:1 needs base", "d:1 needs base", "e:1 needs base"}
	return []makeTest{
		{"nothing is there", chain, nil, "", []string{
			"base: build: never built", "lib: build: never built", "app: build: never built", "other: build: never built"}},
		{"everything is there", chain, []string{"base:1.0", "lib:2.0", "app:3.0", "other:1.0"}, "", []string{
			"base: up to date: built and tested", "lib: up to date: built and tested",
			"app: up to date: built and tested", "other: up to date: built and tested"}},
		{"a newer parent does not build its children", chain, []string{"base:0.9", "lib:2.0", "app:3.0?", "other:1.0"}, "", []string{
			"base: build: version 0.9 → 1.0 (changelog)", "lib: up to date: built and tested",
			"app: build: its test did not end", "other: up to date: built and tested"}},
		{"the newest of the other versions is named", chain, []string{
			"base:0.9", "base:0.10", "base:0.10~1", "base:latest", "lib:latest", "other:9", "other:v1"}, "other:*", []string{
			"base: skip: not selected", "lib: skip: not selected", "app: skip: not selected",
			"other: build: version v1 → 1.0 (changelog)"}},
		{"what the selected need", chain, nil, "app:*", []string{
			"base: build: never built; needed by lib", "lib: build: never built; needed by app",
			"app: build: never built", "other: skip: not selected"}},
		{"what is there needs nothing", chain, []string{"lib:2.0"}, "*/app:3.0", []string{
			"base: skip: not selected", "lib: up to date: built and tested; needed by app",
			"app: build: never built", "other: skip: not selected"}},
		{"a needed image whose test did not end is built again", chain, []string{"lib:2.0?"}, "app:*", []string{
			"base: build: never built; needed by lib", "lib: build: its test did not end; needed by app",
			"app: build: never built", "other: skip: not selected"}},
		{"nothing is selected", chain, nil, "nobody", []string{
			"base: skip: not selected", "lib: skip: not selected", "app: skip: not selected", "other: skip: not selected"}},
		{"needed by many", many, nil, "?:1", []string{
			"base: build: never built; needed by a, b, c and 2 more", "a: build: never built", "b: build: never built",
			"c: build: never built", "d: build: never built", "e: build: never built"}},
	}
}

func makeErrorTests() []makeTest {
	wrong := []string{"base:1.0!", "lib:2.0 needs base", "app:3.0 needs lib other", "other:1.0"}
	return []makeTest{
		{"an error blocks what builds on it", wrong, nil, "", []string{
			"base: error: fleet/base/Dockerfile.template:3: cannot render it; fleet/base/control:1: cannot read it",
			"lib: blocked: blocked by base, which has an error",
			"other: build: never built", "app: blocked: blocked by base, which has an error"}},
		{"an error does not block what is there", wrong, []string{"lib:2.0"}, "", []string{
			"base: error: fleet/base/Dockerfile.template:3: cannot render it; fleet/base/control:1: cannot read it",
			"lib: up to date: built and tested", "other: build: never built", "app: build: never built"}},
		{"an error elsewhere is not shown", wrong, nil, "other:*", []string{
			"base: skip: not selected", "lib: skip: not selected", "other: build: never built", "app: skip: not selected"}},
		{"a blocked image shows its cause and builds nothing in vain", wrong, nil, "app:*", []string{
			"base: error: fleet/base/Dockerfile.template:3: cannot render it; fleet/base/control:1: cannot read it",
			"lib: blocked: blocked by base, which has an error",
			"other: skip: not selected", "app: blocked: blocked by base, which has an error"}},
		{"all causes are named", []string{"x:1!", "y:1! needs x", "z:1!", "app:1 needs y z", "top:1 needs app x"}, nil, "top:*", []string{
			"x: error: fleet/x/Dockerfile.template:3: cannot render it; fleet/x/control:1: cannot read it",
			"y: error: fleet/y/Dockerfile.template:3: cannot render it; fleet/y/control:1: cannot read it",
			"z: error: fleet/z/Dockerfile.template:3: cannot render it; fleet/z/control:1: cannot read it",
			"app: blocked: blocked by y, which has an error; blocked by z, which has an error",
			"top: blocked: blocked by x, which has an error; blocked by y, which has an error; blocked by z, which has an error"}},
	}
}

func TestMakeOfNightlyBuild(t *testing.T) {
	img := &fleet.Image{Name: "a", Version: "1.0", Tag: "1.0-20260131", Ref: "registry.example:5000/ns/a:1.0-20260131"}
	f, err := fleet.New("fleet", []*fleet.Image{img})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a: build: version 1.0 → 1.0-20260131 (nightly or snapshot)"}
	if diff := cmp.Diff(want, text(plan.Make(f, newFacts("a:1.0"), plan.Options{}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNeeds(t *testing.T) {
	p := plan.Make(newFleet(t, "a:1", "b:1 needs a", "c:1 needs b a"), newFacts("a:1"), plan.Options{Select: "c:*"})
	c := p.Steps[2]
	if c.Image.Name != "c" || len(c.Needs) != 2 || c.Needs[0] != p.Steps[0] || c.Needs[1] != p.Steps[1] {
		t.Errorf("c needs %v", c.Needs)
	}
}

// TestJSON holds the form that programs read: see Plan.MarshalJSON.
func TestJSON(t *testing.T) {
	f := newFleet(t, "base:1.0", "broken:2.0!", "child:1.0 needs broken", "lib:1.1 needs base", "app:3.0 needs lib", "tested:1", "x:1")
	p := plan.Make(f, newFacts("base:1.0", "lib:1.0", "tested:1?"), plan.Options{Select: "*/ns/[!bx]*:*"})
	var got strings.Builder
	enc := json.NewEncoder(&got)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/plan.json", []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestJSONOfEmptyPlan(t *testing.T) {
	got, err := json.Marshal(plan.Plan{})
	if err != nil || string(got) != `{"images":[]}` {
		t.Errorf("got %s, %v", got, err)
	}
}
