package template_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/slipway-build/slipway/template"
)

// TestLinksWithinTheFleet: a template may be a link to one elsewhere in the
// fleet, never to anything outside.
func TestLinksWithinTheFleet(t *testing.T) {
	outer := t.TempDir()
	fleet := filepath.Join(outer, "fleet")
	files := map[string]string{"fleet/common/m": "shared", "fleet/a/t": `{% include "m" %}`, "fleet/a/u": `{% include "out" %}`, "secret": "secret"}
	for name, text := range files {
		p := filepath.Join(outer, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"m": "../common/m", "out": "../../secret", "l": "../common/m"} {
		if err := os.Symlink(target, filepath.Join(fleet, "a", name)); err != nil {
			t.Fatal(err)
		}
	}
	env := template.New(template.Options{Root: fleet})
	for _, name := range []string{"t", "l"} {
		if got, err := env.Render(filepath.Join(fleet, "a"), name); string(got) != "shared" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := env.Render(filepath.Join(fleet, "a"), "u"); err == nil {
		t.Errorf("a link out of the fleet gave %q", got)
	}
	if got, err := template.New(template.Options{}).Render(filepath.Join(fleet, "a"), "t"); err == nil {
		t.Errorf("without a fleet a link gave %q", got)
	}
}
