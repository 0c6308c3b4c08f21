package plan

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
)

// TestPageListsAll: docs/plan.md has a row for each action and each kind of reason, and no other.
func TestPageListsAll(t *testing.T) {
	page, err := os.ReadFile("../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := func(heading string) []string {
		_, section, _ := strings.Cut(string(page), "\n## "+heading+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		var names []string
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-z ]+)` \\|").FindAllStringSubmatch(section, -1) {
			names = append(names, row[1])
		}
		return slices.Sorted(slices.Values(names))
	}
	actions, kinds := map[string]bool{}, map[string]bool{}
	for _, row := range table {
		actions[string(row.action)] = true
	}
	for _, words := range vocabulary[:pruneOld] {
		kinds[words.kind] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(actions)), listed("Actions")); diff != "" {
		t.Errorf("actions (-table +docs)\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(kinds)), listed("Reasons")); diff != "" {
		t.Errorf("kinds of reasons (-vocabulary +docs)\n%s", diff)
	}
}

// TestPageOfRegistriesListsAll: docs/registries.md names each kind of reason of PrunePublished.
func TestPageOfRegistriesListsAll(t *testing.T) {
	page, err := os.ReadFile("../docs/registries.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range vocabulary[pruneOld:] {
		if !strings.Contains(string(page), "`"+words.kind+"`") {
			t.Errorf("docs/registries.md does not name %q", words.kind)
		}
	}
}

// TestTable: each cause has words and, if a plan gives it, a place in the table. It calls one row at most.
func TestTable(t *testing.T) {
	for c := range cause(causes) {
		if words := vocabulary[c]; words.kind == "" || words.text == "" {
			t.Errorf("cause %d has no words", c)
		}
		said, calls := false, 0
		for i, row := range table {
			said = said || told[i][c]
			if slices.Contains(row.calls, c) {
				calls++
			}
		}
		if calls > 1 {
			t.Errorf("cause %d (%s) calls %d rows", c, vocabulary[c].text, calls)
		}
		if said != (c < pruneOld) {
			t.Errorf("cause %d (%s) is said: %v", c, vocabulary[c].text, said)
		}
	}
	for i, row := range table {
		if len(row.calls) == 0 {
			t.Errorf("row %d (%s) is never called", i, row.action)
		}
	}
}

// TestFollow: the first row that is called decides, and what it does not say is left out. A note calls nothing.
func TestFollow(t *testing.T) {
	note := func(r Reason) Reason { r.note = true; return r }
	for _, tt := range []struct {
		reasons []Reason
		action  Action
		said    string
	}{
		{[]Reason{reason(byTested)}, UpToDate, "built and tested"},
		{[]Reason{reason(byTested), reason(byUnpublished)}, Publish, "built and tested; not published"},
		{[]Reason{reason(byTested), note(reason(byUnpublished))}, UpToDate, "built and tested; not published"},
		{[]Reason{reason(byTags, "1"), reason(byTested), reason(byUnpublished)}, Tag, "further tags: 1"},
		{[]Reason{reason(byPublished), reason(byOutdated), note(reason(byNeeded, "b", "a"))}, Published, "published; what it is made from is another at the registry now; needed by a, b"},
		{[]Reason{reason(byPublished), reason(byPublishedTags, "1", "2"), reason(byNeeded, "a")}, Pull, "published; further tags: 1, 2; needed by a"},
		{[]Reason{reason(byDate), reason(byContent, "1", "a"), reason(byError, "x")}, Error, "x"},
		{[]Reason{reason(byNew), reason(byBlocked, "a"), note(reason(byNeeded, "b"))}, Blocked, "blocked by a, which has an error"},
		{[]Reason{reason(byNew), reason(byError, "x"), reason(byUnselected)}, Skip, "not selected"},
	} {
		action, reasons := follow(tt.reasons)
		if said := texts(reasons, ""); action != tt.action || said != tt.said {
			t.Errorf("%s: %s: %s, want %s: %s", texts(tt.reasons, ""), action, said, tt.action, tt.said)
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
	f, err := fleet.New("fleet", []*fleet.Image{{Name: "app", Version: "1", Tag: "1", Ref: "r/app:1"}})
	if err != nil {
		t.Fatal(err)
	}
	real, err := json.Marshal(Make(f, Facts{Published: map[string]PublishedImage{}}, Options{Publish: true}))
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
