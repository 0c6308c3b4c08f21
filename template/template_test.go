package template_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/template"
)

// writeTree makes a folder of files.
func writeTree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type filterCase struct {
	Template string          `json:"template"`
	Config   json.RawMessage `json:"config"`
	Known    []string        `json:"known"`
	Want     string          `json:"want"`
	Error    string          `json:"error"`
}

// TestFiltersAreDockerPkgs renders what docker-pkg's own filters rendered; see
// testdata/make-filters.py.
func TestFiltersAreDockerPkgs(t *testing.T) {
	data, err := os.ReadFile("testdata/filters.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []filterCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 40 {
		t.Errorf("only %d cases", len(cases))
	}
	for i, c := range cases {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := writeTree(t, map[string]string{"Dockerfile.template": c.Template})
			got, err := template.New(c.options(t)).Render(dir, "Dockerfile.template")
			if c.Error != "" {
				if err == nil {
					t.Errorf("%s\nmade %q, docker-pkg says %s", c.Template, got, c.Error)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s\n%v", c.Template, err)
			}
			if diff := cmp.Diff(c.Want, string(got)); diff != "" {
				t.Errorf("%s\n(-docker-pkg +slipway)\n%s", c.Template, diff)
			}
		})
	}
}

// options reads the case's configuration as a file, so that numbers are what YAML makes of them.
func (c *filterCase) options(t *testing.T) template.Options {
	dir := writeTree(t, map[string]string{"config.yaml": string(c.Config)})
	cfg, err := config.Load(config.Sources{File: filepath.Join(dir, "config.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	return template.Options{
		Variables: cfg.Variables(),
		ImageTag: func(name string) (string, error) {
			full := cfg.Name(name)
			for _, known := range c.Known {
				if strings.HasPrefix(known, full+":") {
					return known, nil
				}
			}
			return "", fmt.Errorf("image %s is not known", full)
		},
	}
}

// errorCases are the errors of TestErrors by template, "path:line: text|hint".
var errorCases = []struct{ name, want string }{
	{"undefined", ":3: cannot render: 'registy' is undefined|did you mean 'registry'?"},
	{"password", ":1: cannot render: 'password' is undefined|a password never reaches a template, it would end up in the image"},
	{"syntax", ":2: cannot parse template: Expected an expression, got 'end of statement block'|"},
	{"filter", ":2: cannot parse template: No filter named 'apt_instal'.|did you mean 'apt_install'?"},
	{"tag", ":1: cannot parse template: Encountered unknown tag 'fro'.|did you mean 'for'?"},
	{"image", ":1: cannot render: image nope is not known|add a folder for it"},
	{"user", ":2: cannot render: no mapping found for user 'ghost'|add it to known_uid_mappings, which has root"},
	{"list", ":1: cannot render: apt_install wants text, not a list|join it first: {{ packages | join(' ') | apt_install }}"},
	{"users", ":1: cannot render: a user cannot be a list|give each name to the filter alone: {{ users | map('uid') | join(' ') }}"},
	{"unset", ":1: cannot render: 'packages' is undefined|"},
	{"unsetuser", ":1: cannot render: 'user' is undefined|"},
	{"version", ":1: cannot render: upstream_version wants name:tag, not 'x'|use it after image_tag"},
	{"missing", ":3: cannot render: template 'gone' not found|templates are looked up in DIR"},
	{"outside", ":1: cannot render: cannot read template '../x': names of templates may not contain ..: permission denied|"},
	{"absolute", ":1: cannot render: template '/etc/passwd' not found|templates are looked up in DIR"},
	{"asfile", ":1: cannot render: cannot read template 'folder': not a regular file|"},
	{"endless", ":1: cannot render: template takes more than 2000000 steps|"},
	{"utf8", ":1: cannot render: template is not valid UTF-8|"},
	{"link", ": cannot read template: path escapes from parent|"},
	{"gone", ": cannot read template: file does not exist|"},
	{"../x", ": cannot read template: names of templates may not contain ..: permission denied|"},
}

func TestErrors(t *testing.T) {
	dir := writeTree(t, map[string]string{
		"undefined": "FROM x\n\nRUN {{ registy }}\n",
		"password":  "{{ password }}",
		"syntax":    "FROM x\n{% if %}\n",
		"filter":    "\n{{ 'x' | apt_instal }}",
		"tag":       "{% fro x in y %}",
		"image":     "{{ 'nope' | image_tag }}",
		"user":      "\n{{ 'ghost' | add_user }}",
		"list":      "{{ ['a'] | apt_install }}",
		"users":     "{{ ['root'] | uid }}",
		"unset":     "{{ packages | apt_install }}",
		"unsetuser": "{{ user | uid }}",
		"version":   "{{ 'x' | upstream_version }}",
		"include":   "\n{% include 'part' %}",
		"part":      "ok\n{{ 1 / 0 }}",
		"missing":   "\n\n{% include 'gone' %}",
		"outside":   "{% include '../x' %}",
		"absolute":  "{% include '/etc/passwd' %}",
		"endless":   "{% for i in range(99999999) %}{% endfor %}",
		"utf8":      "a\xff",
		"folder/x":  "",
		"asfile":    "{% include 'folder' %}",
	})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	env := template.New(template.Options{
		Variables: map[string]any{"registry": "r", "password": "secret", "known_uid_mappings": map[string]any{"root": 0}},
		ImageTag: func(name string) (string, error) {
			return "", errors.New("image " + name + " is not known\nhint: add a folder for it")
		},
	})
	for _, c := range errorCases {
		out, err := env.Render(dir, c.name)
		var e *template.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: made %q, error %v", c.name, out, err)
			continue
		}
		got := strings.ReplaceAll(e.Error()+"|"+e.Hint, dir, "DIR")
		if want := path.Join("DIR", c.name) + c.want; c.name != "../x" && got != want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, want)
		}
	}
	_, err := env.Render(dir, "include")
	if want := path.Join(filepath.ToSlash(dir), "part") + ":2: cannot render: division by zero"; err == nil || err.Error() != want {
		t.Errorf("include: got %v, want %s", err, want)
	}
}

func TestNoSuchFolder(t *testing.T) {
	_, err := template.New(template.Options{}).Render(filepath.Join(t.TempDir(), "gone"), "x")
	var e *template.Error
	if !errors.As(err, &e) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestRenderIsConcurrent(t *testing.T) {
	dir := writeTree(t, map[string]string{
		"Dockerfile.template": "{% do list.append(4) %}{{ list }} {{ 'ghost' | uid }}{% include 'part' %}",
		"part":                "{% do deep.a.append(1) %}{{ deep }}",
	})
	var mu sync.Mutex
	var warnings []string
	env := template.New(template.Options{
		Variables: map[string]any{"list": []any{1, 2, 3}, "deep": map[string]any{"a": []string{"x"}}},
		Warn: func(msg string) {
			mu.Lock()
			defer mu.Unlock()
			warnings = append(warnings, msg)
		},
	})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			out, err := env.Render(dir, "Dockerfile.template")
			if want := "[1, 2, 3, 4] ghost{'a': ['x', 1]}"; err != nil || string(out) != want {
				t.Errorf("got %q, %v; want %q", out, err, want)
			}
		})
	}
	wg.Wait()
	if len(warnings) != 20 || warnings[0] != "UID mapping for user ghost not found" {
		t.Errorf("warnings: %q", warnings)
	}
}
