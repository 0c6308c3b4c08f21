package fleet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/fleet"
)

// TestTooMuchTogether: no single Dockerfile is too large, all together are.
func TestTooMuchTogether(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	for i := range 280 {
		name := fmt.Sprintf("i%03d", i)
		size := 1_000_000
		if i == 42 {
			size++
		}
		define(t, "images/"+name, name, "1.0", fmt.Sprintf("{{ 'x' * %d }}", size), "")
	}
	o := scanOptions(t, "images")
	o.ParseDockerfile = nil
	_, err := fleet.Scan(t.Context(), o)
	const want = "images/i042/Dockerfile.template: cannot keep the rendered Dockerfiles: together they have 280000001 bytes, more than the 268435456 allowed\nhint: the largest is that of i042"
	if err == nil || err.Error() != want {
		t.Errorf("got  %.300v\nwant %s", err, want)
	}
	if _, err = fleet.Inspect(t.Context(), o); err == nil || err.Error() != want {
		t.Errorf("inspecting: got  %.300v\nwant %s", err, want)
	}
}

// TestManyWarnings: a template cannot fill the memory with what it is warned about.
func TestManyWarnings(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	define(t, "images/a", "a", "1.0", "FROM scratch\n{% for i in range(1000) %}{% set x = (i ~ 'x' * 10000)|uid %}{% endfor %}\n", "")
	f, err := fleet.Scan(t.Context(), scanOptions(t, "images"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Warnings); n == 0 || n > 100 {
		t.Errorf("%d warnings", n)
	}
	for _, w := range f.Warnings {
		if len(w.Text) > 2100 || !strings.HasPrefix(w.Text, "UID mapping") {
			t.Fatalf("a warning of %d bytes: %.100s", len(w.Text), w.Text)
		}
	}
}
