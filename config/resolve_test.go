package config

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/problem"
)

// pyyaml runs the oracle with an interpreter that has PyYAML: Debian's own before any other on
// PATH. In CI it must be there.
func pyyaml(t *testing.T, stdin []byte, args ...string) []string {
	t.Helper()
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(p, "-c", "import yaml").Run() != nil {
			continue
		}
		cmd := exec.Command(p, append([]string{"testdata/oracle.py"}, args...)...)
		var stderr bytes.Buffer
		cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
		cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8", "PYTHONUTF8=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("PyYAML: %v\n%s", err, stderr.String())
		}
		return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("python3-yaml is not installed, and in CI it must be")
	}
	t.Skip("python3-yaml is not installed")
	return nil
}

func quoteJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can always be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

// dump prints as the oracle does: Python's repr, but strings in JSON's form.
func dump(v any) string {
	var parts []string
	switch v := v.(type) {
	case *Map:
		for _, item := range v.Items() {
			parts = append(parts, dump(item.Key)+": "+dump(item.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, item := range v {
			parts = append(parts, dump(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		return quoteJSON(v)
	case date:
		return v.Repr()
	}
	return pythonString(v)
}

func load(text []byte) (any, []problem.Problem) {
	d := newDocument("f")
	root := d.parse(text)
	if root == nil {
		return nil, d.errs
	}
	v := d.value(root)
	return v, d.errs
}

// What PyYAML refuses and Slipway takes, as the strings they look like.
var taken = map[string]bool{"=": true, "<<": true}

func TestScalarsAgainstPyYAML(t *testing.T) {
	in, err := os.ReadFile("testdata/scalars.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(in), "\n"), "\n")
	want := pyyaml(t, in, "scalars")
	if len(want) != len(lines) {
		t.Fatalf("%d answers to %d scalars", len(want), len(lines))
	}
	for i, line := range lines {
		if taken[line] {
			continue
		}
		v, errs := load([]byte("- " + line + "\n"))
		got := "error"
		if len(errs) == 0 {
			value := v.([]any)[0]
			got = dump(value) + "\t"
			switch value.(type) {
			case *Map, []any: // str() of these is the template's affair
				got, want[i] = dump(value), strings.Split(want[i], "\t")[0]
			default:
				got += quoteJSON(pythonString(value))
			}
		}
		if got != want[i] {
			t.Errorf("%q: got %s, PyYAML %s (%v)", line, got, want[i], errs)
		}
	}
}

func TestDocumentsAgainstPyYAML(t *testing.T) {
	files, err := filepath.Glob("testdata/yaml/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	want := pyyaml(t, nil, append([]string{"files"}, files...)...)
	for i, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		v, errs := load(data)
		if len(errs) > 0 {
			t.Errorf("%s: %v", path, errs)
		}
		if diff := cmp.Diff(strings.Split(want[i], ", "), strings.Split(dump(v), ", ")); diff != "" {
			t.Errorf("%s (-PyYAML +slipway):\n%s", path, diff)
		}
	}
}
