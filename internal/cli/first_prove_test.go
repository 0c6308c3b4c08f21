//go:build prove

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// TestFirstSlipwaysRoot: what the first Slipway has built is not built again, and its history is what that one
// printed, byte for byte.
func TestFirstSlipwaysRoot(t *testing.T) {
	first := os.Getenv("SLIPWAY_FIRST")
	if first == "" {
		t.Fatal("SLIPWAY_FIRST must name the program of commit 68208fa; hack/prove builds it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := newFirstFleet(t)
	f.configure("git022", "root")
	root := filepath.Join(t.TempDir(), "root")
	run := func(program string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program)
		cmd.Args = append([]string{"slipway", "--root", root}, args...)
		cmd.Dir = filepath.Join(f.dir, "git022")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run(first, "build", "--local", "images")
	table, document, log := run(first, "history"), run(first, "history", "--json"), run(first, "log", "base")
	plan := run(self, "plan", "--local", "images")
	if n := strings.Count(plan, "   up to date   built"); n != 4 || strings.Count(plan, "\n") != 5 {
		t.Errorf("%d of 4 images are up to date:\n%s", n, plan)
	}
	for want, got := range map[string]string{table: run(self, "history"), document: run(self, "history", "--json"), log: run(self, "log", "base")} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-first +now)\n%s", diff)
		}
	}
	if out := run(self, "build", "--local", "images"); !strings.Contains(out, "Nothing to build") {
		t.Errorf("built again:\n%s", out)
	}
}
