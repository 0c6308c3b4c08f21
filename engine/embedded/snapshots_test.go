//go:build linux

package embedded_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ctdsnapshot "github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/internal/enginetest"
)

// TestSnapshotsGoOn: of snapshots that can be neither measured nor removed as a whole a person is told, by
// name, once; everything else is measured and removed.
func TestSnapshotsGoOn(t *testing.T) {
	enginetest.Need(t)
	dir := t.TempDir()
	var warnings []string
	sn, err := embedded.OpenSnapshots(dir, func(text string) { warnings = append(warnings, text) })
	if err != nil {
		t.Fatal(err)
	}
	defer sn.Close()
	ctx := namespaces.WithNamespace(t.Context(), "test")
	folder := map[string]string{}
	for _, key := range []string{"good", "stuck", "other"} {
		mounts, err := sn.Prepare(ctx, key, "")
		if err != nil {
			t.Fatal(err)
		}
		folder[key] = mounts[0].Source
		if err := os.WriteFile(filepath.Join(folder[key], "file"), make([]byte, 10000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// A mount is what root cannot remove.
	stuck := filepath.Join(folder["stuck"], "there")
	if err := errors.Join(os.Mkdir(stuck, 0o700), unix.Mount("tmpfs", stuck, "tmpfs", 0, "size=4k")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(stuck, unix.MNT_DETACH) })
	for key := range folder {
		if u, err := sn.Usage(ctx, key); err != nil || u.Size < 10000 {
			t.Errorf("%s: %+v, %v", key, u, err)
		}
		if err := errors.Join(sn.Commit(ctx, key+" done", key), sn.Remove(ctx, key+" done")); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if err := sn.(ctdsnapshot.Cleaner).Cleanup(ctx); err != nil {
			t.Error(err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "snapshots", "snapshots", "*"))
	if want := []string{filepath.Dir(folder["stuck"])}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %v, %v", left, err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], filepath.Dir(folder["stuck"])+" takes disk space for nothing") {
		t.Errorf("warnings: %q", warnings)
	}
}
