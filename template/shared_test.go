package template_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/template"
)

var notInNames = regexp.MustCompile(`[^a-z_]+`)

// fileName makes a file's name of a template's text.
func fileName(text string) string { return notInNames.ReplaceAllString(text, "-") }

func writeFile(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, fileName(name)), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sharedTree has an image and two folders of shared templates.
func sharedTree(t *testing.T) template.Options {
	t.Chdir(writeTree(t, map[string]string{
		"image/own.j2":         "own\n",
		"image/both.j2":        "the image's\n",
		"image/folder/x":       "",
		"image/part":           "",
		"near/both.j2":         "near\n",
		"near/macros.j2":       "{% macro user(n) -%}\nUSER {{ n }}\n{%- endmacro %}\n{% macro broken() -%}\n\n{{ nowhere }}{% endmacro %}",
		"near/layout.j2":       "FROM scratch\n{% block body %}RUN true{% endblock %}\n{% include 'own.j2' %}\n",
		"near/escape.j2":       "{% include '../secret' %}",
		"near/loop.j2":         "{% include 'gone.j2' %}",
		"near/syntax.j2":       "\n{% if %}",
		"near/folder":          "a file",
		"near/part/more.j2":    "more\n",
		"far/both.j2":          "far\n",
		"far/far.j2":           "far\n",
		"far/Dockerfile.other": "FROM scratch\n",
		"secret":               "hunter2",
	}))
	if err := os.Symlink("../secret", "near/link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("macros.j2", "near/inside"); err != nil {
		t.Fatal(err)
	}
	return template.Options{Paths: []string{"near", "far"}}
}

func TestSharedTemplates(t *testing.T) {
	env := template.New(sharedTree(t))
	for source, want := range map[string]struct{ text, files string }{
		"FROM scratch":                                                     {"FROM scratch", ""},
		"{% include 'own.j2' %}":                                           {"own", "image/own.j2"},
		"{% include 'both.j2' %}":                                          {"the image's", "image/both.j2"},
		"{% include 'far.j2' %}":                                           {"far", "far/far.j2"},
		"{% include './far.j2' %}":                                         {"far", "far/far.j2"},
		"{% include 'folder' %}":                                           {"a file", "near/folder"},
		"{% import 'macros.j2' as m %}{{ m.user(33) }}":                    {"USER 33", "near/macros.j2"},
		"{% from 'inside' import user %}{{ user(33) }}":                    {"USER 33", "near/inside"},
		"{% extends 'layout.j2' %}{% block body %}RUN false{% endblock %}": {"FROM scratch\nRUN false\nown", "near/layout.j2 image/own.j2"},
		"{% include 'part/more.j2' %}":                                     {"more", "near/part/more.j2"},
		"{% include 'gone.j2' ignore missing %}-":                          {"-", ""},
		"{% include ['gone.j2', 'far.j2'] %}{% include 'far.j2' %}{% include './far.j2' %}": {"farfarfar", "far/far.j2"},
	} {
		writeFile(t, "image", "Dockerfile.template", source)
		got, err := env.RenderInput(template.Input{Dir: "image", Name: fileName("Dockerfile.template")})
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		files := strings.Join(got.Files[1:], " ")
		if string(got.Text) != want.text || files != want.files || got.Files[0] != "image/"+fileName("Dockerfile.template") {
			t.Errorf("%s: got %q from %v, want %q from %s", source, got.Text, got.Files, want.text, want.files)
		}
	}
}

func TestSharedTemplateErrors(t *testing.T) {
	env := template.New(sharedTree(t))
	for source, want := range map[string]string{
		"\n{% import 'macros.j2' as m %}{{ m.broken() }}": "near/macros.j2:6: cannot render: 'nowhere' is undefined, for image/main|",
		"{% include 'syntax.j2' %}":                       "near/syntax.j2:2: cannot parse template: Expected an expression, got 'end of statement block', for image/main|",
		"{% include 'loop.j2' %}":                         "near/loop.j2:1: cannot render: template 'gone.j2' not found, for image/main|templates are looked up in image, then in near, then in far",
		"{% include 'escape.j2' %}":                       "near/escape.j2:1: cannot render: cannot read template '../secret': names of templates may not contain ..: permission denied, for image/main|",
		"{% include 'link' %}":                            "image/main:1: cannot render: cannot read template 'link': path escapes from parent|",
		"{% include '../secret' %}":                       "image/main:1: cannot render: cannot read template '../secret': names of templates may not contain ..: permission denied|",
		"{% include 'nope' %}":                            "image/main:1: cannot render: template 'nope' not found|templates are looked up in image, then in near, then in far",
		"{% include 'part' %}":                            "",
	} {
		writeFile(t, "image", "main", source)
		out, err := env.Render("image", "main")
		got := ""
		if e := (*template.Error)(nil); errors.As(err, &e) {
			got = e.Error() + "|" + e.Hint
		} else if err != nil {
			t.Errorf("%s: %v", source, err)
		}
		if got != want || strings.Contains(string(out), "hunter2") {
			t.Errorf("%s: made %q\n got %s\nwant %s", source, out, got, want)
		}
	}
	// The image's own template is never a shared one.
	if _, err := env.Render("image", "Dockerfile.other"); err == nil || err.Error() != "image/Dockerfile.other: cannot read template: file does not exist" {
		t.Errorf("got %v", err)
	}
	writeFile(t, "image", "main", "{% import 'macros.j2' as m %}{{ m.broken() }}")
	result, err := env.RenderInput(template.Input{Dir: "image", Name: "main"})
	if diff := cmp.Diff([]string{"image/main", "near/macros.j2"}, result.Files); diff != "" || err == nil || result.Text != nil {
		t.Errorf("an error and the files read before it: got %+v, %v", result, err)
	}
}

func TestSharedFolderIsGone(t *testing.T) {
	dir := writeTree(t, map[string]string{"a": "plain", "b": "{% include 'x' %}"})
	env := template.New(template.Options{Paths: []string{"/nowhere/templates"}})
	if _, err := env.Render(dir, "a"); err != nil {
		t.Errorf("a template that needs no folder fails: %v", err)
	}
	_, err := env.Render(dir, "b")
	want := filepath.ToSlash(dir) + "/b:1: cannot render: cannot read template 'x': cannot open the folder /nowhere/templates of template_paths: no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestInputVariables(t *testing.T) {
	dir := writeTree(t, map[string]string{"a": "{{ name }} {{ version }}{{ vers is defined }}", "b": "{{ vers }}"})
	env := template.New(template.Options{Variables: map[string]any{"version": "the configuration's"}})
	own := map[string]any{"name": "httpd", "version": "1.0"}
	got, err := env.RenderInput(template.Input{Dir: dir, Name: "a", Variables: own})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("httpd the configuration'sFalse", string(got.Text)); diff != "" {
		t.Error(diff)
	}
	if _, err := env.Render(dir, "a"); err == nil {
		t.Error("a variable of one render was there in the next")
	}
	_, err = env.RenderInput(template.Input{Dir: dir, Name: "b", Variables: map[string]any{"verse": 1}})
	if e := (*template.Error)(nil); !errors.As(err, &e) || e.Hint != "did you mean 'verse'?" {
		t.Errorf("got %v", err)
	}
}
