package dockerfile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet/lint"
)

func TestLint(t *testing.T) {
	bases := func(ref string) lint.Base {
		switch ref {
		case "parent:1":
			return lint.Base{Env: []string{"HOME=/home", "PATH=/bin"}, Workdir: "/srv", Known: true}
		case "r.example/half:1":
			return lint.Base{Env: []string{"A=b"}}
		}
		return lint.Base{}
	}
	for name, test := range map[string]struct {
		in       string
		warnings []string
		result   lint.Base
	}{
		"defined in the parent":     {"FROM parent:1\nENV B=$HOME\nWORKDIR app\n", []string{"WorkdirRelativePath 3"}, lint.Base{Env: []string{"HOME=/home", "PATH=/bin", "B=/home"}, Workdir: "/srv/app", Known: true}},
		"undefined, all known":      {"FROM parent:1\nENV PATH=$HOMW\n", []string{"UndefinedVar 2"}, lint.Base{Env: []string{"HOME=/home", "PATH="}, Workdir: "/srv", Known: true}},
		"undefined, parent unknown": {"FROM debian:12\nENV B=$C PATH=/b\n", nil, lint.Base{Env: []string{"PATH=/b", "B="}}},
		"half known":                {"FROM r.example/half:1\nENV PATH=$A$B\n", nil, lint.Base{Env: []string{"A=b", "PATH=b"}}},
		"by stage":                  {"FROM debian:12 AS a\nENV B=$C\nFROM scratch AS b\nENV PATH=$D\nFROM b\n", []string{"UndefinedVar 4"}, lint.Base{Env: []string{"PATH="}, Workdir: "/", Known: true}},
		"stages not used":           {"FROM scratch AS a\nCMD x\nFROM parent:1\n", []string{"JSONArgsRecommended 2"}, lint.Base{Env: []string{"HOME=/home", "PATH=/bin"}, Workdir: "/srv", Known: true}},
		"left to lint's own rules":  {"FROM parent:1\nARG TOKEN=x\nENV PASSWORD=y\n", nil, lint.Base{Env: []string{"HOME=/home", "PATH=/bin", "PASSWORD=y"}, Workdir: "/srv", Known: true}},
		"told not to check":         {"# check=skip=JSONArgsRecommended\nFROM parent:1\nCMD x\n", nil, lint.Base{Env: []string{"HOME=/home", "PATH=/bin"}, Workdir: "/srv", Known: true}},
		"mounts, heredocs, options": {"# syntax=docker/dockerfile:1\nFROM parent:1\nRUN --mount=type=cache,target=/c --mount=type=secret,id=s --network=none <<X\ntrue\nX\nCOPY --link --chmod=755 <<A <<B /\na\nA\nb\nB\nHEALTHCHECK NONE\nONBUILD RUN x\nSHELL [\"a\"]\nSTOPSIGNAL 9\nVOLUME /v\n", nil, lint.Base{Env: []string{"HOME=/home", "PATH=/bin"}, Workdir: "/srv", Known: true, OnBuild: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Lint(t.Context(), []byte(test.in), nil, "", bases)
			if err != nil {
				t.Fatal(err)
			}
			var warnings []string
			for _, w := range got.Warnings {
				warnings = append(warnings, w.Rule+" "+string(rune('0'+w.Line)))
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Error(diff)
			}
			slices.Sort(got.Result.Env)
			slices.Sort(test.result.Env)
			if diff := cmp.Diff(test.result, got.Result); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLintSources(t *testing.T) {
	const id = "0123456789012345678901234567890123456789"
	for _, test := range []struct {
		source, flags, remote string
		pinned                bool
	}{
		{"a.txt", "", "", false},
		{"https://example.com/a.tgz", "", "URL", false},
		{"https://example.com/a.tgz", "--checksum=sha256:" + strings.Repeat("a", 64), "URL", true},
		{"http://example.com/$NAME", "", "URL", false},
		{"https://example.com/r.git", "", "git repository", false},
		{"https://example.com/r.git#main", "", "git repository", false},
		{"https://example.com/r.git#0123456", "", "git repository", false},
		{"https://example.com/r.git#" + id, "", "git repository", true},
		{"https://example.com/r.git#" + id + ":sub/dir", "", "git repository", true},
		{"https://example.com/r.git?tag=v1&checksum=" + id, "", "git repository", true},
		{"https://example.com/r.git#v1", "--checksum=" + id, "git repository", true},
		{"git@example.com:o/r.git#v1", "", "git repository", false},
		{"ssh://git@example.com/o/r.git#" + id, "", "git repository", true},
		{"git.example.com/o/r", "", "", false}, // a file: this form is for build contexts only
	} {
		got, err := Lint(t.Context(), []byte("FROM scratch\nADD "+test.flags+" "+test.source+" /\n"), nil, "", nil)
		if err != nil {
			t.Errorf("%s: %v", test.source, err)
			continue
		}
		want := []lint.Copy{{Instruction: "ADD", Source: test.source, Line: 2, Remote: test.remote, Pinned: test.pinned}}
		if test.remote == "" {
			want[0].Pinned = false
		}
		if diff := cmp.Diff(want, got.Copies); diff != "" {
			t.Errorf("%s: %s", test.source, diff)
		}
	}
}

// What was found above a fault is not lost.
func TestLintError(t *testing.T) {
	got, err := Lint(t.Context(), []byte("ARG V\nFROM scratch as a\nENV A=b\nFROM debian:$V\n"), nil, "", nil)
	if err == nil || !strings.Contains(err.Error(), "invalid reference") {
		t.Errorf("error %v", err)
	}
	if len(got.Warnings) == 0 || len(got.Variables) != 2 {
		t.Errorf("got %+v", got)
	}
}

// TestRulesAreBuildKits: lint knows each rule of BuildKit's linter, or has a reason not to.
func TestRulesAreBuildKits(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/moby/buildkit").Output()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(strings.TrimSpace(string(out)), "frontend/dockerfile/linter/ruleset.go")
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var theirs []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			theirs = append(theirs, strings.TrimPrefix(spec.Names[0].Name, "Rule"))
		}
		return true
	})
	if len(theirs) < 20 {
		t.Fatalf("found %d rules", len(theirs))
	}
	for _, rule := range theirs {
		_, known := lint.FindRule(rule)
		if own := rule == "CopyIgnoredFile"; known == slices.Contains(notShown, rule) && !own {
			t.Errorf("%s: known %v", rule, known)
		}
	}
	for _, rule := range lint.Rules() {
		if rule.ID[0] < 'a' && !slices.Contains(theirs, rule.ID) {
			t.Errorf("%s is none of BuildKit's rules", rule.ID)
		}
	}
}
