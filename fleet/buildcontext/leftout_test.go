package buildcontext

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLeftOut(t *testing.T) {
	for _, tt := range []struct {
		ignore    string
		name      string
		folder    bool
		leavesOut bool
	}{
		{"", "vendor", true, false},
		{"vendor\n", "vendor", true, true},
		{"vendor\n", "vendor/lib", true, true},
		{"vendor\n", "vendor/lib/x.bin", false, true},
		{"vendor/lib\n", "vendor", true, false},
		{"*\n", "vendor/lib", true, true},
		{"*\n!src\n", "vendor/lib", true, true},
		{"*\n!src\n", "src/lib", true, false},
		{"*\n!src/lib/x\n", "src/lib", true, false},
		{"*\n!src/lib/x\n", "src/lib/y", false, true},
		{"*\n!src/lib/x\n", "src/lib/x", false, false},
		{"*\n!/src/li?/x\n", "src/lib", true, false},
		{"*\n!**/*.go\n", "vendor", true, false},
		{"*\n!**/*.go\n", "vendor/x.bin", false, true},
		{"[\n", "vendor", true, false},
	} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "at"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "at", IgnoreFile), []byte(tt.ignore), 0o644); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := LeftOut(root, "at", "Dockerfile")(tt.name, tt.folder); got != tt.leavesOut {
			t.Errorf("%q, %s: got %t", tt.ignore, tt.name, got)
		}
		root.Close()
	}
}
