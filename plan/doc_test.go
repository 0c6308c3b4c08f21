package plan_test

import (
	"os"
	"regexp"
	"testing"
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
