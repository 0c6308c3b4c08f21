package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadValuesAreBounded: whatever is wrong with the value of a key, nobody is told megabytes of it.
func TestBadValuesAreBounded(t *testing.T) {
	const most = 60_000
	long := strings.Repeat("y", 70_000)
	many := func(item string) string {
		var b strings.Builder
		for i := range 700 {
			fmt.Fprintf(&b, item+",", i)
		}
		return b.String()
	}
	values := map[string]string{
		"a long text": "'" + long + "'", "a list of one": "['" + long + "']", "a mapping of one": "{" + "'/" + long + "': '" + long + "'}",
		"a list of many": "[" + many("'n %d'") + "]", "a mapping of many": "{" + many("'n %d': [z]") + "}",
		"texts as numbers": "[" + many("%d") + "]", "a large number": "-" + strings.Repeat("9", 3999), "a list of mappings": "[" + many("{'n %d': 1}") + "]",
		"escapes": `["` + strings.Repeat(`\x01`, 18_000) + `"]`,
	}
	dir := t.TempDir()
	for _, k := range keys() {
		if k.name == secretsName || k.name == sshName {
			values["a mapping of lists"] = "{" + many("'n %d': ['"+strings.Repeat("z", 20)+"']") + "}"
		}
		for what, value := range values {
			text := k.name + ": " + value + "\n"
			switch {
			case k.own():
				text = "slipway: {" + k.part() + ": " + value + "}\n"
			case k.name == builderKey:
				text = "builder: {images: " + value + "}\n"
			}
			file := filepath.Join(dir, "config.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := Load(Sources{File: file})
			if err != nil && len(err.Error()) > most {
				t.Errorf("%s, %s: an error of %d bytes: %.300s", k.name, what, len(err.Error()), err)
			}
			if err == nil && len(strings.Join(c.Warnings, "\n")) > most {
				t.Errorf("%s, %s: warnings of %d bytes", k.name, what, len(strings.Join(c.Warnings, "\n")))
			}
		}
	}
}

// What is not told is counted.
func TestUntoldProblems(t *testing.T) {
	_, err := loadText(t, "template_paths: ["+strings.Repeat("nowhere, ", 250)+"nowhere]\n")
	if err == nil || !strings.HasSuffix(err.Error(), "\nconfig.yaml: cannot read configuration: 151 more problems are not told") ||
		strings.Count(err.Error(), "which cannot be used") != maxProblems {
		t.Errorf("got %v", err)
	}
	var users strings.Builder
	for i := range 150 {
		fmt.Fprintf(&users, "u%d: [], ", i)
	}
	c, err := loadText(t, "known_uid_mappings: {"+users.String()+"}\n")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.Warnings); n != maxProblems+1 || !strings.HasSuffix(c.Warnings[n-1], "config.yaml: 50 more warnings are not told") {
		t.Errorf("%d warnings, the last %s", n, c.Warnings[n-1])
	}
}
