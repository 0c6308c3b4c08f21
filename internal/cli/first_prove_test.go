//go:build prove

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestBothSlipways: a fleet that this Slipway publishes is published for the first one, too, which
// SLIPWAY_FIRST names: machines that have one or the other do not replace each other's images in turn.
func TestBothSlipways(t *testing.T) {
	first := os.Getenv("SLIPWAY_FIRST")
	if first == "" {
		t.Fatal("SLIPWAY_FIRST must name the program of commit 68208fa; hack/prove builds it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := newFirstFleet(t)
	for _, program := range []string{self, first} {
		namespace := "n" + filepath.Base(program)[:1]
		f.configure("git022", namespace)
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Args = []string{"slipway", "--root", filepath.Join(t.TempDir(), "root"), "build", "--publish", "images"}
		cmd.Dir = filepath.Join(f.dir, "git022")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, other := range []string{self, first} {
			if out := f.plan(other, "git022", namespace); !donePlan.MatchString(out) {
				t.Errorf("published by %s, planned by %s:\n%s", program, other, out)
			}
		}
	}
}
