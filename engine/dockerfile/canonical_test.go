package dockerfile_test

import (
	"testing"

	"github.com/slipway-build/slipway/engine/dockerfile"
)

// TestInstructions: what BuildKit's parser drops is no instruction, and nothing else is left out.
func TestInstructions(t *testing.T) {
	const text = "FROM a:1\nRUN one && \\\n  two\nCOPY <<END /d\nline\n# line\nEND\n"
	for _, tt := range []struct {
		name, other string
		same        bool
	}{
		{"a comment", "# hello\nFROM a:1\n# there\nRUN one && \\\n# inside\n  two\nCOPY <<END /d\nline\n# line\nEND\n", true},
		{"empty lines", "\n\nFROM a:1\n\nRUN one && \\\n  two\nCOPY <<END /d\nline\n# line\nEND\n\n", true},
		{"continued elsewhere", "FROM a:1\nRUN one \\\n&&   two\nCOPY <<END /d\nline\n# line\nEND\n", true},
		{"a syntax line", "# syntax=docker/dockerfile:1\n" + text, true},
		{"the same escape", "# escape=\\\n" + text, true},
		{"carriage returns", "FROM a:1\r\nRUN one && \\\r\n  two\r\nCOPY <<END /d\nline\n# line\nEND\n", true},
		{"another escape", "# escape=`\n" + text, false},
		{"a check", "# check=error=true\n" + text, false},
		{"a comment in a document", "FROM a:1\nRUN one && \\\n  two\nCOPY <<END /d\nline\n# other\nEND\n", false},
		{"no comment in a document", "FROM a:1\nRUN one && \\\n  two\nCOPY <<END /d\nline\nEND\n", false},
		{"a tag", "FROM a:2\nRUN one && \\\n  two\nCOPY <<END /d\nline\n# line\nEND\n", false},
		{"a flag", "FROM a:1\nRUN --network=none one && \\\n  two\nCOPY <<END /d\nline\n# line\nEND\n", false},
		{"a quoted document", "FROM a:1\nRUN one && \\\n  two\nCOPY <<'END' /d\nline\n# line\nEND\n", false},
		{"a chomped document", "FROM a:1\nRUN one && \\\n  two\nCOPY <<-END /d\nline\n# line\nEND\n", false},
	} {
		a, err := dockerfile.Parse([]byte(text), nil, "")
		if err != nil {
			t.Fatal(err)
		}
		b, err := dockerfile.Parse([]byte(tt.other), nil, "")
		if err != nil && tt.name != "another escape" {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if same := a.Instructions == b.Instructions; same != tt.same {
			t.Errorf("%s: the same %v, want %v\n%s\n%s", tt.name, same, tt.same, a.Instructions, b.Instructions)
		}
	}
}
