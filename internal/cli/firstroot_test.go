package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway-build/slipway/internal/enginetest"
)

// diskSizes are those of the disks that a first run is tried on, in KB: on all but the last few it fails,
// at another place each time.
var diskSizes = []int{
	8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768,
	1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 32768,
}

// fresh is a fleet whose root was never used. Its first run may have failed; from then on all must go well.
type fresh struct{ *yard }

func newFresh(t *testing.T, dir string) fresh {
	y := newYard(t, dir, 1, "registry.example")
	if err := os.RemoveAll(filepath.Join(dir, "root")); err != nil {
		t.Fatal(err)
	}
	return fresh{y}
}

// goesOn uses the root, about which no word must be said.
func (f fresh) goesOn(what string) {
	f.t.Helper()
	for _, args := range [][]string{{"images"}, {"build", "--local", "fleet"}, {"run", "registry.example/y1/app:1", "true"}} {
		if out, err := f.slipway(args...).CombinedOutput(); err != nil || strings.Contains(string(out), "warning:") {
			f.t.Fatalf("%s: %s: %v\n%s", what, args, err, out)
		}
	}
}

// TestFirstRunOnFullDisk begins a root on a disk that is too small, and goes on when there is room.
func TestFirstRunOnFullDisk(t *testing.T) {
	enginetest.Need(t)
	sizes := diskSizes
	if os.Getenv("SLIPWAY_PROVE") == "" {
		sizes = []int{8, 48, 192, 1024, 8192}
	}
	f := newFresh(t, filepath.Join(enginetest.Memory(t), "y"))
	disk := filepath.Join(f.dir, "root")
	good := 0
	for _, size := range sizes {
		if err := os.MkdirAll(disk, 0o700); err != nil {
			t.Fatal(err)
		}
		mount := func(flags uintptr, size int) {
			t.Helper()
			if err := syscall.Mount("tmpfs", disk, "tmpfs", flags, fmt.Sprintf("size=%dk", size)); err != nil {
				t.Fatal(err)
			}
		}
		mount(0, size)
		out, err := f.slipway("build", "--local", "fleet").CombinedOutput()
		switch text := string(out); {
		case err == nil:
			good++
		case !strings.Contains(text, "\nerror: ") || !strings.Contains(text, "\nhint: the disk is full"), trace.MatchString(text):
			t.Errorf("%d KB: %v\n%s", size, err, text)
		}
		mount(syscall.MS_REMOUNT, 64<<10)
		f.goesOn(fmt.Sprintf("a first run on %d KB", size))
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
	}
	if good == 0 || good > len(sizes)/2 {
		t.Errorf("%d of %d first runs went well: the test proves little", good, len(sizes))
	}
	t.Logf("%d sizes, %d of them large enough", len(sizes), good)
}

// TestKilledWhileMade ends the first process of a root by kill -9, at any time while it makes the root.
func TestKilledWhileMade(t *testing.T) {
	enginetest.Need(t)
	kills := 6
	if os.Getenv("SLIPWAY_PROVE") != "" {
		kills = 60
	}
	f := newFresh(t, filepath.Join(enginetest.Memory(t), "y"))
	root, half := filepath.Join(f.dir, "root"), 0
	for n := range kills {
		cmd := f.slipway("build", "--local", "fleet")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// From the moment that the folder is there: how long the program takes to get there says nothing.
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
			if _, err := os.Lstat(root); err == nil {
				break
			}
		}
		time.Sleep(time.Duration(n) * 30 * time.Millisecond / time.Duration(kills))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if _, err := os.Lstat(filepath.Join(root, "engine", "images.journal")); err != nil {
			half++
		}
		f.goesOn(fmt.Sprintf("kill %d", n))
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
	}
	if half == 0 {
		t.Error("each root was made before the kill: the test proves nothing")
	}
	t.Logf("%d kills, %d of them before the root was made", kills, half)
}
