package house

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestNoLineIsLost: bufio.Scanner ends at a line of more than 64 KiB, and says so only to who asks.
// strings.Lines, bytes.Lines and bufio.Reader take lines of any length.
func TestNoLineIsLost(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			data, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(data, []byte("bufio.NewScanner(")) {
				t.Errorf("%s/%s reads lines with bufio.Scanner, which loses long ones", p.ImportPath, name)
			}
		}
	}
}
