package template_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/template"
)

// TestPrivateFiles: no name, link or hard link makes a template print the configuration.
func TestPrivateFiles(t *testing.T) {
	top := writeTree(t, map[string]string{
		"config.yaml": "password: hunter2", "a/own": "{% include 'config.yaml' %}", "a/link": "{% include 'in' %}",
		"a/hard": "{% include 'hard.j2' %}", "a/fine": "{% include 'fine.j2' %}", "shared/fine.j2": "fine",
	})
	config := filepath.Join(top, "config.yaml")
	if err := os.Symlink("../config.yaml", filepath.Join(top, "a", "in")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(config, filepath.Join(top, "shared", "hard.j2")); err != nil {
		t.Fatal(err)
	}
	env := template.New(template.Options{Root: top, Paths: []string{top, filepath.Join(top, "shared")}, Private: []string{config, top + "/gone"}})
	for _, name := range []string{"own", "link", "hard", "in"} {
		got, err := env.Render(filepath.Join(top, "a"), name)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := env.Render(filepath.Join(top, "a"), "own"); !strings.Contains(err.Error(), "cannot read template 'config.yaml': it is part of the configuration") {
		t.Errorf("got %v", err)
	}
	if got, err := env.Render(filepath.Join(top, "a"), "fine"); string(got) != "fine" {
		t.Errorf("got %q, %v", got, err)
	}
}
