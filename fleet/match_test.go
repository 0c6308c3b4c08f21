package fleet_test

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		glob, ref string
		want      bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "registry.example/ns/name:1.0", true},
		{"**", "a", true},
		{"*nodejs*", "registry.example/nodejs20:1.0", true},
		{"*/nodejs:*", "registry.example/nodejs:1.0", true},
		{"*/nodejs:*", "registry.example/nodejs20:1.0", false},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false},
		{"name:1.?", "name:1.0", true},
		{"name:1.?", "name:1.10", false},
		{"?", "é", true},
		{"Name", "name", false},
		{"a\nb*", "a\nb\nc", true},
		{"[abc]", "b", true},
		{"[!abc]", "b", false},
		{"[!abc]", "d", true},
		{"[a-c]x", "bx", true},
		{"[c-a]", "b", false},
		{"[!c-a]", "b", true},
		{"[]]", "]", true},
		{"[!]]", "]", false},
		{"[!]a]", "b", true},
		{"[]", "[]", true},
		{"[!]", "[!]", true},
		{"[a", "[a", true},
		{"[a-]", "-", true},
		{"[-a]", "-", true},
		{"[a-c-e]", "-", true},
		{"[a-c-e]", "d", false},
		{"[^a]", "^", true},
		{"[^a]", "b", false},
		{`[\]`, `\`, true},
		{"[--0]", ".", true},
		{"a.b", "aXb", false},
		{"(a|b)", "a", false},
		{"[[]", "[", true},
		{"a[*]", "a*", true},
		{"a[?]", "ab", false},
	}
	for _, tt := range tests {
		if got := fleet.Match(tt.glob, tt.ref); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.glob, tt.ref, got)
		}
	}
}

// TestCheckGlob: what is refused matches no reference; what is not, could.
func TestCheckGlob(t *testing.T) {
	for glob, refused := range map[string]bool{
		"": false, "*": false, "a[bc]": false, "[!a]": false, "[]]": false, "[!c-a]": false, "[c-ab]": false, "a]": false, "[[]x": false,
		"[": true, "[a": true, "[]": true, "[!]": true, "*[": true, "[a]b[c": true, "[c-a]": true, "x[c-a]*": true,
	} {
		err := fleet.CheckGlob(glob)
		if (err != nil) != refused {
			t.Errorf("%q: %v", glob, err)
		}
		for _, ref := range []string{"a", "registry.example/ns/name:1.0", "b-c_d"} {
			if refused && fleet.Match(glob, ref) {
				t.Errorf("%q is refused and matches %q", glob, ref)
			}
		}
	}
}

// TestMatchIsPythons compares with the original: Python's fnmatch, which docker-pkg calls.
func TestMatchIsPythons(t *testing.T) {
	python := oracle(t, "/usr/bin/python3")
	type question struct{ Glob, Ref string }
	r := rand.New(rand.NewPCG(1, 2))
	var questions []question
	for range 40000 {
		questions = append(questions, question{random(r, `ab-!]^\*?[[]&~|:`, 9), random(r, `abc-!]^\[&~|:`, 5)})
	}
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-W", "ignore", "-c",
		"import sys, json, fnmatch\nfor q in json.load(sys.stdin): print(fnmatch.fnmatch(q['Ref'], q['Glob']))")
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(input)), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines, matched := bufio.NewScanner(strings.NewReader(string(out))), 0
	for _, q := range questions {
		lines.Scan()
		want := lines.Text() == "True"
		if want {
			matched++
		}
		if got := fleet.Match(q.Glob, q.Ref); got != want {
			t.Errorf("Match(%q, %q) = %v, Python says %v", q.Glob, q.Ref, got, want)
		}
	}
	if matched < 500 {
		t.Errorf("only %d matches: the test tests too little", matched)
	}
}

// oracle is the path of a program to compare with. CI has it; elsewhere the test is skipped aloud.
func oracle(t *testing.T, path string) string {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI must have %s", path)
		}
		t.Skipf("%s is not installed: nothing to compare with", path)
	}
	return path
}

func random(r *rand.Rand, alphabet string, most int) string {
	b := make([]byte, r.IntN(most+1))
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func TestMatchTakesNoExponentialTime(t *testing.T) {
	if fleet.Match(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 20000)) {
		t.Error("matches")
	}
}

func TestSelect(t *testing.T) {
	f, err := fleet.New("fleet", []*fleet.Image{
		{Name: "node", Tag: "20", Ref: "registry.example/ns/node:20"},
		{Name: "node-dev", Tag: "20", Ref: "registry.example/ns/node-dev:20"},
		{Name: "base", Tag: "1", Ref: "registry.example/ns/base:1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for glob, want := range map[string][]string{
		"":                    {"base", "node", "node-dev"},
		"*node*":              {"node", "node-dev"},
		"node:*":              {"node"},
		"*/node:20":           {"node"},
		"registry.example/*":  {"base", "node", "node-dev"},
		"registry.example/no": nil,
		"node":                nil,
	} {
		if diff := cmp.Diff(want, names(f.Select(glob))); diff != "" {
			t.Errorf("Select(%q): (-want +got)\n%s", glob, diff)
		}
	}
}
