package registry_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/slipway-build/slipway/registry"
)

// TestDraftsOfKilledLogins: what one has left holds passwords, and goes with the next; what one is at stays.
func TestDraftsOfKilledLogins(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	left, busy := filepath.Join(dir, ".config.json-1"), filepath.Join(dir, ".config.json-2")
	must(t, os.WriteFile(left, []byte(password), 0o600))
	must(t, os.WriteFile(busy, []byte(password), 0o600))
	f, err := os.Open(busy)
	must(t, err)
	defer f.Close()
	must(t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths":{"a.example":{}}}`), 0o600))
	if _, _, err := registry.Logout("a.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("it is still there")
	}
	if _, err := os.Stat(busy); err != nil {
		t.Error("another login's was removed")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%v %v", entries, err)
	}
}
