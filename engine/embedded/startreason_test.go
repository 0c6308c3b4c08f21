//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStartReasonOfLongLines: runc repeats a command of any length in its log, before the error and in it.
func TestStartReasonOfLongLines(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log.json")
	long := strings.Repeat("x", 100_000)
	text := fmt.Sprintf(`{"level":"debug","msg":"%s"}
{"level":"error","msg":"runc run failed: exec: \"%s\": not found"}
`, long, long)
	if err := os.WriteFile(log, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := startReason(log, errors.New("exit status 1")).Error(), `exec: "`+long+`": not found`; !strings.HasSuffix(got, want) {
		t.Errorf("%.200s", got)
	}
}
