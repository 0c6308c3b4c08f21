package config

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the tables of keys in docs/configuration.md anew")

const page = "../docs/configuration.md"

// The tables of docs/configuration.md are that of the program.
func TestKeysAreDocumented(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "go test ./config -update writes it. -->\n\n", "\n<!-- end -->\n"
	parts := strings.Split(string(data), begin)
	if len(parts) != 3 {
		t.Fatalf("%d places for tables", len(parts)-1)
	}
	for i, own := range []bool{false, true} {
		table, tail, closed := strings.Cut(parts[i+1], end)
		if !closed {
			t.Fatal("a table has no end")
		}
		want := keys().markdown(own)
		parts[i+1] = want + end + tail
		if diff := cmp.Diff(want, table); diff != "" && !*update {
			t.Errorf("docs/configuration.md is not up to date (-want +got); go test ./config -update\n%s", diff)
		}
	}
	if *update {
		if err := os.WriteFile(page, []byte(strings.Join(parts, begin)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// markdown is the table for docs/configuration.md.
func (t table) markdown(own bool) string {
	var b strings.Builder
	b.WriteString("| key | default | what it does |\n|---|---|---|\n")
	for _, k := range t {
		if k.own() == own {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", k.name, k.defaultText(), k.doc)
		}
	}
	return b.String()
}

// defaultText is the default for people.
func (k *key) defaultText() string {
	switch v := plain(k.value).(type) {
	case nil:
		if k.absent == "" {
			return "none"
		}
	case []any:
		if len(v) == 0 {
			return "none"
		}
	case string:
		if v == "" {
			return "empty"
		}
		if k.absent == "" {
			return "`" + v + "`"
		}
	}
	if k.absent != "" {
		return k.absent
	}
	text, err := json.Marshal(plain(k.value))
	if err != nil {
		return err.Error()
	}
	return "`" + string(text) + "`"
}

// Each row of the table is whole: it says what the key does, what its values are, and where they go.
func TestTable(t *testing.T) {
	all := keys()
	var names []string
	for _, k := range all {
		names = append(names, k.name)
		switch {
		case len(k.doc) < 10 || strings.ContainsAny(k.doc, "|\n"):
			t.Errorf("%s: what it does: %q", k.name, k.doc)
		case k.form.name == "" || k.form.schema == nil:
			t.Errorf("%s has no form", k.name)
		case k.own() && k.form.fits == nil:
			t.Errorf("%s stands below slipway and takes everything: a user's own value would be acted on", k.name)
		case k.own() && k.templates:
			t.Errorf("%s stands below slipway, where templates have no defaults", k.name)
		case k.own() && k.private != "":
			t.Errorf("%s stands below slipway, all of which templates see", k.name)
		case k.end.get == nil && k.name != slipwayKey:
			t.Errorf("%s is shown by nothing", k.name)
		case k.end.read == nil && k.name != slipwayKey && k.name != "password_file":
			t.Errorf("%s is read by nothing", k.name)
		}
		for _, other := range []string{k.file, k.behind} {
			if other != "" && all.find(other) == nil {
				t.Errorf("%s speaks of %s, which is no key", k.name, other)
			}
		}
	}
	slices.Sort(names)
	if twice := len(names) - len(slices.Compact(names)); twice > 0 || len(names) < 40 {
		t.Errorf("%d names, %d of them twice", len(names), twice)
	}
}
