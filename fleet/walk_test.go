package fleet_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
)

func TestScanOfNoFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "file", "")
	for dir, want := range map[string]string{
		"nowhere": "cannot scan nowhere: no such file or directory",
		"file":    "cannot scan file: it is not a folder",
	} {
		if _, err := fleet.Scan(t.Context(), scanOptions(t, dir)); err == nil || err.Error() != want {
			t.Errorf("Scan(%s) gives %v, want %s", dir, err, want)
		}
	}
}

func TestScanOfEmptyFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := fleet.Scan(t.Context(), scanOptions(t, ""))
	if err != nil || len(f.Images)+len(f.Broken)+len(f.Warnings) != 0 {
		t.Errorf("got %v, %v", f, err)
	}
}

// TestScanReadsNoPipes would hang if a definition's file were opened before it is looked at.
func TestScanReadsNoPipes(t *testing.T) {
	t.Chdir(t.TempDir())
	define(t, "fleet/a", "a", "1.0", "FROM scratch\n", "")
	define(t, "fleet/b", "b", "1.0", "FROM scratch\n", "")
	define(t, "fleet/c", "c", "1.0", "FROM scratch\n", "")
	for _, name := range []string{"fleet/a/control", "fleet/b/Dockerfile.template", "fleet/c/changelog"} {
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(name, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want := `# order
a = registry.example/a:1.0 in a:1 2026-01-01
b = registry.example/b:1.0 in b:1 2026-01-01
# error of a
fleet/a/control: cannot read the control file: it is not a regular file
# error of b
fleet/b/Dockerfile.template: cannot read the template: it is not a regular file
# broken
fleet/c/changelog: cannot read the changelog: it is not a regular file
`
	if diff := cmp.Diff(want, outcome(fleet.Scan(t.Context(), scanOptions(t, "fleet")))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestScanBoundsSizes(t *testing.T) {
	t.Chdir(t.TempDir())
	define(t, "fleet/a", "a", "1.0", "FROM scratch\n", "Package: a\n")
	define(t, "fleet/b", "b", "1.0", "FROM scratch\n", "")
	define(t, "fleet/c", "c", "1.0", "FROM scratch\n", "")
	for name, size := range map[string]int64{
		"fleet/a/control": 1<<20 + 1, "fleet/b/Dockerfile.template": 4<<20 + 1, "fleet/c/changelog": 16<<20 + 1,
	} {
		if err := os.Truncate(name, size); err != nil {
			t.Fatal(err)
		}
	}
	got := outcome(fleet.Scan(t.Context(), scanOptions(t, "fleet")))
	for _, want := range []string{
		"fleet/a/control: cannot read the control file: it is larger than 1048576 bytes, the most that is read\n",
		"fleet/b/Dockerfile.template: cannot read the template: it is larger than 4194304 bytes, the most that is read\n",
		"fleet/c/changelog: cannot read the changelog: it is larger than 16777216 bytes, the most that is read\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestScanBelowALink has a root that is itself a link: what is in it does not lead out of it.
func TestScanBelowALink(t *testing.T) {
	t.Chdir(t.TempDir())
	define(t, "real/a", "a", "1.0", "FROM scratch\n", "")
	write(t, "real/shared", entry("b", "1.0"))
	write(t, "real/b/Dockerfile.template", "FROM scratch\n")
	for name, target := range map[string]string{"real/b/changelog": "../shared", "fleet": "real"} {
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	f, err := fleet.Scan(t.Context(), scanOptions(t, "fleet/"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names(f.Images)); diff != "" || len(f.Broken) > 0 {
		t.Errorf("broken: %v\n%s", f.Broken, diff)
	}
	if got := f.Path(f.Images[0], "changelog"); got != "fleet/a/changelog" {
		t.Errorf("a file is shown as %s", got)
	}
}
