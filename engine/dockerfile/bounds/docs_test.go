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
		"bytes": maxText, "lines": maxLines, "instructions": maxInstructions, "stages": maxStages, "words": maxWords, "depth": maxNesting,
		"bytes of a variable": maxVariable, "bytes of all variables": maxEnvironment, "bytes of all that": maxExpanded,
		"variables, labels": maxEntries, "ports": maxPorts, "bytes of a path": maxPath, "bytes of a pattern in `$": maxReplaced,
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
