package lint

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/changelog"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/version"
)

func TestCommented(t *testing.T) {
	lines := strings.Split(`# slipway-lint: ignore a, b because
FROM x
{#- slipway-lint: ignore c -#}
# slipway-lint: ignore d
FROM y
FROM z # slipway-lint: ignore e
FROM w
{#- slipway-lint: ignore=f: it is ours -#}
FROM v`, "\n")
	for _, test := range []struct {
		rule string
		line int
		want bool
	}{
		{"a", 2, true}, {"b", 2, true}, {"because", 2, false}, {"c", 2, false}, {"a", 3, false},
		{"c", 5, true}, {"d", 5, true}, {"a", 5, false}, {"e", 6, true}, {"e", 7, false}, {"a", 99, false}, {"a", 0, false}, {"f", 9, true},
	} {
		got := commented(lines, test.line, test.rule)
		if (got != nil) != test.want {
			t.Errorf("%s in line %d: %v", test.rule, test.line, got)
		}
		why := map[string]string{"a": "because", "b": "because", "f": "it is ours"}[test.rule]
		if got != nil && (got.Why != why || got.By != "inSource") {
			t.Errorf("%s in line %d: %+v", test.rule, test.line, got)
		}
	}
}

func TestHistory(t *testing.T) {
	entries := func(versions ...string) (list []changelog.Entry) {
		for i, v := range versions {
			name, number, _ := strings.Cut(v, " ")
			list = append(list, changelog.Entry{Package: name, Version: version.Version(number), Line: 10*i + 1})
		}
		return list
	}
	for name, test := range map[string]struct {
		entries []changelog.Entry
		want    []string
	}{
		"good":                 {entries("a 2", "a 1"), nil},
		"back":                 {entries("a 1", "a 2"), []string{"changelog-version-order warning 1"}},
		"back in the past":     {entries("a 3", "a 1", "a 2"), []string{"changelog-version-order note 11"}},
		"renamed":              {entries("b 1", "a 2"), nil},
		"twice":                {entries("a 1", "a 1"), []string{"changelog-version-twice warning 1"}},
		"twice in the past":    {entries("a 2", "a 1", "a 1"), []string{"changelog-version-twice note 11"}},
		"of another name also": {entries("b 1", "a 1"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := fleet.New("fleet", []*fleet.Image{{Name: "a", Dir: "i"}})
			if err != nil {
				t.Fatal(err)
			}
			c := &check{linter: &linter{fleet: f}, img: f.Images[0]}
			c.history(test.entries)
			var got []string
			for _, f := range c.findings {
				got = append(got, f.Rule+" "+string(f.Severity)+" "+string(rune('0'+f.Line/10))+string(rune('0'+f.Line%10)))
			}
			for i := range got {
				got[i] = strings.Replace(got[i], " 0", " ", 1)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// newFleet writes files below a temporary folder.
func newFleet(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func run(t *testing.T, dir string, facts func(data string, bases Bases) Dockerfile) *Report {
	t.Helper()
	cfg, err := config.Load(config.Sources{Env: func(string) string { return dir }, File: filepath.Join(dir, "config.yaml"), FileExplicit: true})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{
		ScanOptions: fleet.ScanOptions{
			Dir: filepath.Join(dir, "fleet"), Config: cfg,
			ParseDockerfile: func([]byte, map[string]string, string) (fleet.Dockerfile, error) { return fleet.Dockerfile{}, nil },
		},
		ReadDockerfile: func(data []byte, _ map[string]string, _ string, bases Bases) (Dockerfile, error) {
			return facts(string(data), bases), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const entry = " (1) x; urgency=low\n\n  * x\n\n -- A B <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n"

// What the images of the fleet define is known to those that build on them.
func TestBases(t *testing.T) {
	dir := newFleet(t, map[string]string{
		"config.yaml":                 "registry: r.example\n",
		"fleet/b/changelog":           "base" + entry,
		"fleet/b/Dockerfile.template": "FROM scratch",
		"fleet/c/changelog":           "child" + entry,
		"fleet/c/Dockerfile.template": "child",
	})
	var got, other Base
	run(t, dir, func(data string, bases Bases) Dockerfile {
		if data == "child" {
			got, other = bases("r.example/base:1"), bases("r.example/base:0")
		}
		return Dockerfile{Result: Base{Env: []string{"A=" + data}, Known: true}}
	})
	if diff := cmp.Diff(Base{Env: []string{"A=FROM scratch"}, Known: true}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Base{}, other); diff != "" {
		t.Errorf("another version: %s", diff)
	}
}

// TestSARIF holds the log to what the schema requires, and code scanning.
func TestSARIF(t *testing.T) {
	r := &Report{Findings: []Finding{
		{Rule: unpinnedAdd, Severity: Warning, File: "a b/Dockerfile.template", Line: 3, Text: "x", Hint: "y"},
		{Rule: unpinnedAdd, Severity: Warning, File: "a b/Dockerfile.template", Line: 4, Text: "x", Hint: "y"},
		{Rule: string(fault.IncompleteFolder), Severity: Warning, File: "/abs/olute", Text: "z"},
		{Rule: "FromAsCasing", Severity: Note, File: "n", Line: 1, Text: "hidden"},
	}, Suppressed: []Suppressed{
		{Finding{Rule: unpinnedAdd, Severity: Warning, File: "s", Line: 1, Text: "x"}, Suppression{By: byComment, Why: "ours"}},
		{Finding{Rule: "FromAsCasing", Severity: Note, File: "n", Line: 1, Text: "hidden, too"}, Suppression{By: byConfig}},
	}}
	data, err := json.Marshal(r.SARIF("1.0", Warning))
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID                   string
						ShortDescription     struct{ Text string }
						HelpURI              string `json:"helpUri"`
						DefaultConfiguration struct{ Level string }
					}
				}
			}
			Results []struct {
				RuleID    string `json:"ruleId"`
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI, URIBaseID string }
						Region           *struct{ StartLine int }
					}
				}
				PartialFingerprints map[string]string
				Suppressions        *[]struct{ Kind, Justification string }
			}
		}
	}
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.HasSuffix(log.Schema, "sarif-schema-2.1.0.json") || len(log.Runs) != 1 {
		t.Fatalf("version %q, schema %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	driver, results := log.Runs[0].Tool.Driver, log.Runs[0].Results
	if driver.Name == "" || len(driver.Rules) != len(Rules()) || len(results) != 4 {
		t.Fatalf("driver %q, %d rules, %d results", driver.Name, len(driver.Rules), len(results))
	}
	for _, rule := range driver.Rules {
		if rule.ShortDescription.Text == "" || !strings.HasPrefix(rule.HelpURI, "https://") || rule.DefaultConfiguration.Level == "" {
			t.Errorf("rule %+v", rule)
		}
	}
	prints := map[string]bool{}
	for _, res := range results {
		if driver.Rules[res.RuleIndex].ID != res.RuleID || res.Level != "warning" || res.Message.Text == "" || len(res.Locations) != 1 {
			t.Errorf("result %+v", res)
		}
		prints[res.PartialFingerprints["slipwayFinding/v1"]] = true
		suppressed := res.Locations[0].PhysicalLocation.ArtifactLocation.URI == "s"
		if res.Suppressions == nil || (len(*res.Suppressions) > 0) != suppressed {
			t.Errorf("suppressions %v", res.Suppressions)
		} else if s := *res.Suppressions; suppressed && (s[0].Kind != "inSource" || s[0].Justification != "ours") {
			t.Errorf("suppressions %v", s)
		}
	}
	if len(prints) != 4 {
		t.Errorf("%d different fingerprints", len(prints))
	}
	first, last := results[0].Locations[0].PhysicalLocation, results[2].Locations[0].PhysicalLocation
	if first.ArtifactLocation.URI != "a%20b/Dockerfile.template" || first.ArtifactLocation.URIBaseID != "%SRCROOT%" || first.Region.StartLine != 3 {
		t.Errorf("first location %+v", first)
	}
	if last.ArtifactLocation.URI != "file:///abs/olute" || last.Region != nil {
		t.Errorf("last location %+v", last)
	}
}
