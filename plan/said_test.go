package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
)

// TestSaid: all who read a reason's sentence read it as Words leaves it.
func TestSaid(t *testing.T) {
	s := &Step{Image: &fleet.Image{Name: "app"}, Action: Build, Reasons: []Reason{reason(byContent, "1", "app"), reason(byNeeded, "d", "c", "b", "a")}}
	p := &Plan{Steps: []*Step{s}, Words: func(text string) string { return strings.ReplaceAll(text, "app", "***") }}
	want := []Said{
		{"unversioned", "built 1 has other content now: the version says nothing of it (`slipway update ***` adds a changelog entry)"},
		{"needed", "needed by a, b, c and 1 more"},
	}
	if diff := cmp.Diff(want, p.Said(s)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "`slipway update ***`") {
		t.Errorf("%s", data)
	}
}

// TestFilesText: what a sentence says of changed files.
func TestFilesText(t *testing.T) {
	type files map[string]string
	many := files{"a": "1", "b": "1", "c": "1", "d": "1", "e": "1", "f": "1"}
	more := files{"g": "1", "a": "1", "b": "1", "c": "1", "d": "1", "e": "1", "f": "1"}
	for _, tt := range []struct {
		before, after files
		want          string
	}{
		{files{"a": "100644 1"}, files{"a": "100644 2"}, "a"},
		{files{"a": "100644 1"}, files{"a": "100755 1"}, "a (mode 0644 → 0755)"},
		{files{"a": "1"}, files{"a": "2"}, "a"},
		{files{"a": ""}, files{"b": ""}, "b (new), a (gone)"},
		{files{"a\tb": "1", "x, y": "1"}, nil, `"a\tb" (gone), "x, y" (gone)`},
		{many, nil, "a (gone), b (gone), c (gone), d (gone), e (gone), f (gone)"},
		{more, nil, "a (gone), b (gone), c (gone), d (gone), e (gone), 2 more"},
	} {
		if got := filesText(&detail{files: compared(tt.before, tt.after)}); got != tt.want {
			t.Errorf("%v → %v: %s, want %s", tt.before, tt.after, got, tt.want)
		}
	}
}

// TestUnedited: what comes true without anybody's edit.
func TestUnedited(t *testing.T) {
	for _, tt := range []struct {
		reasons []Reason
		want    bool
	}{
		{[]Reason{reason(byParentBuilt, "base", "1"), reason(byNeeded, "app"), reason(byVanished, "1")}, true},
		{[]Reason{reason(byParentBuilt, "base", "1"), reason(byDate)}, false},
		{[]Reason{reason(byEngine, "1", "2")}, false},
		{[]Reason{reason(byRequested)}, false},
	} {
		if got := (&Step{Reasons: tt.reasons}).Unedited(); got != tt.want {
			t.Errorf("%s: %v", texts(tt.reasons, ""), got)
		}
	}
}
