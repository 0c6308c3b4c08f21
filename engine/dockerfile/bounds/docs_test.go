package bounds

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/recipe"
)

// TestDocsNameTheBounds: docs/definitions.md has each number.
func TestDocsNameTheBounds(t *testing.T) {
	data, err := os.ReadFile("../../../docs/definitions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "\n## Bounds\n")
	text, _, _ = strings.Cut(text, "\n## ")
	for what, bound := range map[string]int{
		"bytes": MaxText, "lines": MaxLines, "instructions": MaxInstructions, "stages": MaxStages, "words": MaxWords, "depth": MaxNesting,
		"bytes of a variable": MaxVariable, "bytes of all variables": MaxEnvironment, "bytes of all that": MaxExpanded,
		"variables, labels": MaxEntries, "ports": MaxPorts, "bytes of a path": MaxPath, "bytes of a pattern in `$": MaxReplaced,
		"layers": MaxLayers, "patterns": recipe.MaxPatterns, "bytes of a pattern |": recipe.MaxPattern,
		"wildcards in a pattern": recipe.MaxWildcards, "wildcards in all": recipe.MaxAllWildcards,
	} {
		found := false
		for line := range strings.Lines(text) {
			found = found || strings.HasPrefix(line, "| "+what) && strings.HasSuffix(line, fmt.Sprintf(" %d |\n", bound))
		}
		if !found {
			t.Errorf("no row %q with %d", what, bound)
		}
	}
}
