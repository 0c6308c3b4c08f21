package lint

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of docs/lint.md anew")

// The table in docs/lint.md is that of the program.
func TestRulesAreDocumented(t *testing.T) {
	const doc = "../../docs/lint.md"
	data, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	head, table, ok := strings.Cut(string(data), "-->\n")
	if !ok {
		t.Fatal("there is no place for the table")
	}
	if *update {
		if err := os.WriteFile(doc, []byte(head+"-->\n\n"+markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff("\n"+markdown(), table); diff != "" {
		t.Errorf("docs/lint.md is not up to date (-want +got); go test ./fleet/lint -update\n%s", diff)
	}
}

// Each rule has a definition that provokes it, with the line that is named.
func TestRulesAreProvoked(t *testing.T) {
	data, err := os.ReadFile("../../internal/cli/testdata/script/lint-rules.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(string(data), "-- want --\n")
	for _, r := range Rules() {
		if !strings.Contains(want, "["+r.ID+"]\n") {
			t.Errorf("lint-rules.txtar does not provoke %s", r.ID)
		}
	}
}

func TestRulesAreWellFormed(t *testing.T) {
	id := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$|^[A-Z][A-Za-z]+$`)
	seen := map[string]bool{}
	for _, r := range Rules() {
		if !id.MatchString(r.ID) || seen[r.ID] {
			t.Errorf("%q is no id, or not alone", r.ID)
		}
		seen[r.ID] = true
		if !r.Severity.AtLeast(Note) || !strings.HasSuffix(r.Text, ".") || !strings.HasSuffix(r.Why, ".") {
			t.Errorf("%s: severity %q, %q %q", r.ID, r.Severity, r.Text, r.Why)
		}
		if found, ok := FindRule(r.ID); !ok || found != r {
			t.Errorf("FindRule(%s) = %v, %v", r.ID, found, ok)
		}
	}
	if _, ok := FindRule("nothing"); ok {
		t.Error("FindRule finds a rule that is none")
	}
}
