package plan_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/plan"
)

// TestPageListsAll: docs/plan.md has a row for each action and each kind of reason.
func TestPageListsAll(t *testing.T) {
	source, err := os.ReadFile("plan.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^\t(?:Kind\w+ +|\w+ +Action )= "([a-z ]+)"`).FindAllSubmatch(source, -1)
	if len(names) < 25 {
		t.Fatalf("only %d names found", len(names))
	}
	for _, name := range names {
		if !regexp.MustCompile("(?m)^\\| `" + string(name[1]) + "` \\|").Match(page) {
			t.Errorf("docs/plan.md does not list %q", name[1])
		}
	}
}

// TestPagesExample: the JSON that docs/plan.md shows has the keys of a real plan, no more and no less.
func TestPagesExample(t *testing.T) {
	page, err := os.ReadFile("../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/plan.md has no JSON")
	}
	real, err := json.Marshal(newHarbour(t, "app:1").make(plan.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(keys(t, real), keys(t, block[1])); diff != "" {
		t.Errorf("(-real +docs)\n%s", diff)
	}
}

// keys are those of a plan, of its first image and of that one's first reason.
func keys(t *testing.T, data []byte) [][]string {
	t.Helper()
	var doc map[string][]map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	image := doc["images"][0]
	reason := image["reasons"].([]any)[0].(map[string]any)
	return [][]string{slices.Sorted(maps.Keys(doc)), slices.Sorted(maps.Keys(image)), slices.Sorted(maps.Keys(reason))}
}
