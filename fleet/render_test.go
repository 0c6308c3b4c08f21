package fleet_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
)

// TestImageTemplates: an image knows which files its text came from, wherever they are.
func TestImageTemplates(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "far.j2"), "RUN {{ name }} {{ version }} {{ platform }} {{ changelog_date }}")
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "template_paths: [shared, "+outside+"]\n")
	write(t, "shared/near.j2", "{% include 'far.j2' %}")
	define(t, "fleet/a", "a", "1.0", "FROM scratch\n{% include 'near.j2' %}{% include 'own.j2' %}\n", "")
	write(t, "fleet/a/own.j2", "")
	write(t, "fleet/a/Dockerfile.build.template", "FROM scratch\n{% include 'own.j2' %}\n")
	define(t, "fleet/b", "b", "2.0", "{% include 'near.j2' %}{{ nothing }}", "")
	write(t, "fleet/b/changelog", "b (2.0) stable; urgency=low\n\n  * Change.\n\n -- Ann Onymous <ann@example.org>  Thu, 01 Jan 2026 10:00:00 +1100\n")
	define(t, "fleet/c", "c", "3.0", "{{ platform }}", "")
	o := scanOptions(t, "fleet")
	o.Platform, o.TagSuffix = "linux/riscv64", "-20260101"
	f, err := fleet.Scan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	far := filepath.ToSlash(outside) + "/far.j2"
	for name, want := range map[string][]string{
		"a": {far, "fleet/a/Dockerfile.build.template", "fleet/a/Dockerfile.template", "fleet/a/own.j2", "shared/near.j2"},
		"b": {far, "fleet/b/Dockerfile.template", "shared/near.j2"},
		"c": {"fleet/c/Dockerfile.template"},
	} {
		if diff := cmp.Diff(want, f.Lookup(name).Templates); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for _, file := range f.Lookup(name).Templates {
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
		}
	}
	if want, got := "FROM scratch\nRUN a 1.0 linux/riscv64 2026-01-01T10:00:00Z", f.Recipe(f.Lookup("a")).Dockerfile.Text; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	o.Platform = ""
	if f, err = fleet.Scan(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := f.Recipe(f.Lookup("c")).Dockerfile.Text; len(got) < len("linux/x") || got[:6] != "linux/" {
		t.Errorf("platform %q", got)
	}
}

// TestTemplatesCannotReadConfiguration: a fleet may be the folder of its configuration, and then links
// may lead there.
func TestTemplatesCannotReadConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "password: hunter2\n")
	define(t, "a", "a", "1.0", "{% include 'link' %}", "")
	define(t, "b", "b", "1.0", "", "")
	if err := os.Remove("b/Dockerfile.template"); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"a/link", "b/Dockerfile.template"} {
		if err := os.Symlink("../config.yaml", link); err != nil {
			t.Fatal(err)
		}
	}
	f, err := fleet.Scan(t.Context(), scanOptions(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if img := f.Lookup(name); img.Err == nil || f.Recipe(img).Dockerfile.Text != "" {
			t.Errorf("%s: made %q, error %v", name, f.Recipe(img).Dockerfile.Text, img.Err)
		}
	}
}
