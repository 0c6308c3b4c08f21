package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/slipway-build/slipway/internal/enginetest"
)

// TestProgram: the program builds a fleet whose image has a test, which finds docker although no slipway is there.
func TestProgram(t *testing.T) {
	enginetest.Need(t)
	dir := t.TempDir()
	program, fleet := filepath.Join(dir, "api"), filepath.Join(dir, "fleet")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, text := range map[string]string{
		"config.yaml":              "slipway: {}\n",
		"base/changelog":           "base (1.0) stable; urgency=low\n\n  * First.\n\n -- A <a@example.org>  Mon, 02 Feb 2026 10:00:00 +0000\n",
		"base/Dockerfile.template": "FROM scratch\nCOPY hello /\n",
		"base/hello":               "hello\n",
		"app/changelog":            "app (2.0) stable; urgency=low\n\n  * First.\n\n -- A <a@example.org>  Mon, 02 Feb 2026 10:00:00 +0000\n",
		"app/control":              "Package: app\nBuild-Depends: base\n",
		"app/Dockerfile.template":  "FROM {{ 'base' | image_tag }}\nCOPY hello /app\n",
		"app/hello":                "hello\n",
		"app/test.sh":              "docker version >&2\n",
	} {
		path := filepath.Join(fleet, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func() string {
		cmd := exec.CommandContext(t.Context(), program, fleet)
		cmd.Env = append(os.Environ(), "SLIPWAY_ROOT="+filepath.Join(dir, "root"), "HOME="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	for i, want := range []string{
		`(?s)^base:1.0 build .*\napp:2.0 build .*\nbase:1.0 built sha256:[0-9a-f]{64} <nil>\napp:2.0 built sha256:[0-9a-f]{64} <nil>\n$`,
		`(?s)^base:1.0 up to date .*\napp:2.0 up to date .*\nbase:1.0 unchanged  <nil>\napp:2.0 unchanged  <nil>\n$`,
	} {
		if out := run(); !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("run %d printed:\n%s", i+1, out)
		}
	}
}
