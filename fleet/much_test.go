package fleet_test

import (
	"strings"
	"testing"

	"github.com/slipway-build/slipway/fleet"
)

// TestManyDepends: who names too many images has an error, and nobody else.
func TestManyDepends(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	define(t, "images/a", "a", "1.0", "FROM scratch\n", "Depends: x"+strings.Repeat(", x", 1999)+"\n")
	define(t, "images/b", "b", "1.0", "FROM scratch\n", "Build-Depends: x"+strings.Repeat(" | x", 1000)+"\nDepends: y"+strings.Repeat(",\n y", 1000)+"\n")
	define(t, "images/c", "c", "1.0", "FROM scratch\n", "")
	f, err := fleet.Scan(t.Context(), scanOptions(t, "images"))
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range f.Images {
		got := ""
		if img.Err != nil {
			got = img.Err.Error()
		}
		want := map[string]string{"b": "images/b/control:1001: cannot read what the image depends on: it names more than 2000 images\nhint: name only those that the Dockerfile uses, each once"}[img.Name]
		if got != want {
			t.Errorf("%s: got  %s\nwant %s", img.Name, got, want)
		}
	}
}

// TestLongTexts: a name of a megabyte does not make a problem of a megabyte.
func TestLongTexts(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	define(t, "images/a", strings.Repeat("a", 1_000_000), "1.0", "FROM scratch\n", "")
	define(t, "images/b", "b", "1.0", "FROM scratch\n", "Depends: "+strings.Repeat("é", 400_000)+"\n")
	f, err := fleet.Scan(t.Context(), scanOptions(t, "images"))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Broken) != 1 || len(f.Broken[0].Error()) > 2500 || !strings.HasPrefix(f.Broken[0].Text, "cannot use \"aaaa") {
		t.Errorf("%.300v", f.Broken)
	}
	if len(f.Warnings) != 1 || len(f.Warnings[0].Error()) > 2500 || !strings.HasSuffix(f.Warnings[0].Text, "é…") {
		t.Errorf("%.300v", f.Warnings)
	}
}

// TestLongGlob: a glob is compared with each folder, and no name is longer than a path.
func TestLongGlob(t *testing.T) {
	if err := fleet.CheckGlob(strings.Repeat("*a", 2048)); err != nil {
		t.Error(err)
	}
	if err := fleet.CheckGlob(strings.Repeat("*a", 2049)); err == nil || err.Error() != "it has 4098 bytes, more than 4096" {
		t.Error(err)
	}
}
