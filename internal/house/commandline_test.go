package house

import (
	"slices"
	"strings"
	"testing"
)

// commandLine are the packages of ours that the command line may import beside the root package, which it calls,
// and values: what it has to name to print it.
var commandLine = []string{
	"config", "event", "fleet", "fleet/fault", "fleet/lint", "plan", "secret/redact", "internal/cli/outlet",
}

// TestCommandLineDecidesNothing: no engine, store, registry or state is within its reach.
func TestCommandLineDecidesNothing(t *testing.T) {
	found := false
	for _, p := range packages(t) {
		if p.ImportPath != module+"/internal/cli" {
			continue
		}
		found = true
		for _, imp := range p.Imports {
			rel, below := strings.CutPrefix(imp, module+"/")
			if below && !slices.Contains(commandLine, rel) && !slices.Contains(values, rel) {
				t.Errorf("%s must not import %s", p.ImportPath, imp)
			}
		}
	}
	if !found {
		t.Error("the command line was not found")
	}
}
