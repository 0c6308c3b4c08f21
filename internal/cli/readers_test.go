package cli

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestAllCommandsLoseOutput: stdout-full.txtar shows of every command that it fails when its output cannot
// be written, but for those that need a registry.
func TestAllCommandsLoseOutput(t *testing.T) {
	script, err := os.ReadFile("testdata/script/stdout-full.txtar")
	if err != nil {
		t.Fatal(err)
	}
	registry := []string{"push", "pull", "login", "logout"}
	shown := strings.Fields(string(script))
	for _, c := range (&app{}).command().Commands() {
		if !slices.Contains(shown, c.Name()) && !slices.Contains(registry, c.Name()) {
			t.Errorf("the script does not try %s", c.Name())
		}
	}
}
