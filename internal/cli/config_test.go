package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/internal/cli"
)

// TestConfigAsThePageHasIt: docs/configuration.md shows what "slipway config" prints, but for the width of columns.
func TestConfigAsThePageHasIt(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?s)\$ slipway config\n(KEY .*?)…\n`).FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no example")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, ".config"))
	for name, text := range map[string]string{
		"config.yaml": "registry: registry.example\nnamespace: web\nhttp_proxy: http://proxy.example:3128\n", ".config/slipway.yaml": "scan_workers: 3\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	if code := cli.Main(t.Context(), []string{"slipway", "config"}, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	printed := map[string]bool{}
	for line := range strings.Lines(strings.ReplaceAll(out.String(), dir, "/home/ann")) {
		printed[strings.Join(strings.Fields(line), " ")] = true
	}
	for line := range strings.Lines(string(block[1])) {
		if line = strings.Join(strings.Fields(line), " "); !printed[line] {
			t.Errorf("not printed: %s\n%s", line, &out)
		}
	}
}
