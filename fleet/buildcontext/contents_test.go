package buildcontext

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for d := range 1000 {
		for f := range 50 {
			p := filepath.Join(dir, fmt.Sprintf("g%d/image%d/sub%d/file%02d", d%30, d, f%5, f))
			if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(p, []byte("content"), 0o666); err != nil {
				b.Fatal(err)
			}
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	for b.Loop() {
		for d := range 1000 {
			t, err := Open(root, fmt.Sprintf("g%d/image%d", d%30, d), "x")
			if err != nil {
				b.Fatal(err)
			}
			t.Stamp()
		}
	}
}
