package template_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/template"
)

// TestNames: names of templates are taken apart as by Jinja2's FileSystemLoader.
func TestNames(t *testing.T) {
	dir := writeTree(t, map[string]string{"Dockerfile.template": "", "a.j2": "A", "sub/b.j2": "B"})
	env := template.New(template.Options{})
	for name, want := range map[string]string{
		"/a.j2": "A", "./a.j2": "A", "//a.j2": "A", "a.j2/": "A", "/sub//b.j2": "B", "sub/./b.j2": "B",
		"sub/../a.j2": "names of templates may not contain ..",
		"/../a.j2":    "names of templates may not contain ..",
		"..":          "names of templates may not contain ..",
		"/":           "not a regular file",
	} {
		writeInto(t, dir, "Dockerfile.template", "{% include '"+name+"' %}")
		text, err := env.Render(dir, "Dockerfile.template")
		if got := string(text); err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		writeInto(t, dir, "Dockerfile.template", "{% include '"+name+"' ignore missing %}")
		if text, err = env.Render(dir, "Dockerfile.template"); len(want) > 1 && (err != nil || len(text) > 0) {
			t.Errorf("%s, missing ignored: %q, %v", name, text, err)
		}
	}
}

func writeInto(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
