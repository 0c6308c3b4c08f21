package state_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway-build/slipway/state"
)

// TestOtherUser: who may read the state but not write it reads it, whether it is open elsewhere or not.
func TestOtherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("only root can become another user")
	}
	for name, open := range map[string]bool{"closed": false, "open": true} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			if open {
				db, err := state.Open(t.Context(), dir)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				beginRun(t, db)
			}
			for _, d := range []string{dir, filepath.Dir(dir)} {
				if err := os.Chmod(d, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			files, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if err := os.Chmod(f, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			asUser(t, 12345, func() {
				if _, err := state.Open(t.Context(), dir); !state.Unwritable(err) {
					t.Errorf("Open: %v", err)
				}
				db, err := state.OpenReadOnly(t.Context(), dir)
				if err != nil {
					t.Error(err)
					return
				}
				defer db.Close()
				want := 1
				if open {
					want = 2
				}
				if runs, err := db.Runs(t.Context(), 9); err != nil || len(runs) != want {
					t.Errorf("%d runs, %v", len(runs), err)
				}
			})
		})
	}
}

// asUser calls f on a thread that has another user's rights to files (setfsuid(2)).
func asUser(t *testing.T, uid uintptr, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.RawSyscall(syscall.SYS_SETFSUID, uid, 0, 0)
	defer syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0)
	f()
}

// TestFullDisk: SQLite's number is said in words.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	db := open(t, dir)
	beginRun(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 2<<20), 0o600) // as far as it goes
	_, err := state.Open(t.Context(), dir)
	if err == nil || !state.Unwritable(err) || !strings.Contains(err.Error(), "no space left on device") || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("Open: %v", err)
	}
	db, err = state.OpenReadOnly(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if runs, err := db.Runs(t.Context(), 9); err != nil || len(runs) != 1 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
}
