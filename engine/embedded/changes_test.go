//go:build linux

package embedded

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/engine/container"
)

func TestSortedChanges(t *testing.T) {
	const c, a, d = container.Modified, container.Added, container.Deleted
	for name, test := range map[string]struct {
		found   map[string]container.ChangeKind
		skipped []string
		want    []container.Change
	}{
		"none":                  {map[string]container.ChangeKind{}, nil, nil},
		"folders above":         {map[string]container.ChangeKind{"/a/b/c": d, "/a/x": a}, nil, []container.Change{{Path: "/a", Kind: c}, {Path: "/a/b", Kind: c}, {Path: "/a/b/c", Kind: d}, {Path: "/a/x", Kind: a}}},
		"a new folder stays so": {map[string]container.ChangeKind{"/n": a, "/n/f": a}, nil, []container.Change{{Path: "/n", Kind: a}, {Path: "/n/f", Kind: a}}},
		"made for mounts":       {map[string]container.ChangeKind{"/": c, "/etc": c}, []string{"/etc/hosts", "/proc"}, nil},
		"and something else":    {map[string]container.ChangeKind{"/etc": c, "/etc/f": a}, []string{"/etc/hosts"}, []container.Change{{Path: "/etc", Kind: c}, {Path: "/etc/f", Kind: a}}},
	} {
		if diff := cmp.Diff(test.want, sortedChanges(test.found, test.skipped)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestStatic: an init must run in an image that has nothing else.
func TestStatic(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	// Debian's sh needs the C library; its busybox-static is what its name says.
	for path, want := range map[string]bool{script: false, "/no/such/program": false, "/bin/sh": false, "/bin/busybox": true} {
		if _, err := os.Stat("/bin/busybox"); err != nil {
			t.Skipf("needs busybox-static: %v", err)
		}
		if got := static(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
