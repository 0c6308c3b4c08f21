package demo_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/slipway-build/slipway/internal/demo"
)

// TestPrepareKeeps: what was published must stay under its name and password; a taken port must not
// stop the demo.
func TestPrepareKeeps(t *testing.T) {
	dir := t.TempDir()
	prepare := func() (addr, password string) {
		t.Helper()
		addr, err := demo.Prepare(dir)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "password"))
		if err != nil {
			t.Fatal(err)
		}
		return addr, string(data)
	}
	addr, password := prepare()
	if len(password) < 20 {
		t.Errorf("the password %q is too short", password)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("the address is not free: %v", err)
	}
	other, again := prepare()
	if other == addr || again != password {
		t.Errorf("with %s taken and %q: %s and %q", addr, password, other, again)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if kept, again := prepare(); kept != other || again != password {
		t.Errorf("after %s and %q: %s and %q", other, password, kept, again)
	}
	for _, name := range []string{"password", "htpasswd", "registry.key", "config.yml"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}
