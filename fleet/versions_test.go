package fleet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/version"
)

func TestVersions(t *testing.T) {
	dir := t.TempDir()
	const trailer = "\n  * x\n\n -- A B <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n\n"
	text := ""
	for _, entry := range []string{"app (2.0-s1)", "app (2.0)", "former-name (1.9)", "app (1.0)"} {
		text += entry + " stable; urgency=low\n" + trailer
	}
	for name, data := range map[string]string{"changelog": text, "Dockerfile.template": "FROM scratch\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Dir: dir, Config: &config.Config{Registry: "registry.example"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Images[0].Definition.Versions()
	if diff := cmp.Diff([]version.Version{"2.0-s1", "2.0", "1.0"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	listed, err := scanListed(t, []config.Listed{{Name: "listed", From: ".", Dockerfile: "Dockerfile", Tags: []string{"1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := listed.Images[0].Definition.Versions(); got != nil || err != nil {
		t.Errorf("an image of the list has %q, %v", got, err)
	}
	if err := os.Remove(filepath.Join(dir, "changelog")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Images[0].Definition.Versions(); err == nil || !strings.Contains(err.Error(), "changelog: cannot read the changelog") {
		t.Errorf("a changelog that is gone: %v", err)
	}
}
