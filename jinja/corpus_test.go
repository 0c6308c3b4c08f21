package jinja_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// corpusCase is one case of testdata/corpus; make-corpus.py says what the
// fields are.
type corpusCase struct {
	Name     string            `json:"name"`
	Template string            `json:"template"`
	Vars     json.RawMessage   `json:"vars"`
	YAML     string            `json:"yaml"`
	Files    map[string]string `json:"files"`
	Options  map[string]bool   `json:"options"`
	result
}

type result struct {
	Want  string `json:"want"`
	Error string `json:"error"`
	Line  int    `json:"line"`
}

func corpusFiles(t testing.TB) []string {
	files, err := filepath.Glob("testdata/corpus/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	return files
}

func readCorpus(t testing.TB) []corpusCase {
	var all []corpusCase
	names := map[string]bool{}
	for _, path := range corpusFiles(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var cases []corpusCase
		if err := json.Unmarshal(data, &cases); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, c := range cases {
			if names[c.Name] {
				t.Fatalf("%s: two cases are called %q", path, c.Name)
			}
			names[c.Name] = true
		}
		all = append(all, cases...)
	}
	return all
}

func (c *corpusCase) env() *jinja.Env {
	files := jinja.MapLoader{"case": c.Template}
	for name, src := range c.Files {
		files[name] = src
	}
	return jinja.NewEnv(files, jinja.Options{
		TrimBlocks:          c.Options["trim_blocks"],
		LstripBlocks:        c.Options["lstrip_blocks"],
		KeepTrailingNewline: c.Options["keep_trailing_newline"],
		Autoescape:          c.Options["autoescape"],
	})
}

func (c *corpusCase) vars(t testing.TB) jinja.Vars {
	if c.YAML != "" {
		return jinja.NewVars(configured(t, c.YAML))
	}
	return jinja.NewVars(decodeVars(c.Vars))
}

func (c *corpusCase) render(t testing.TB) result {
	tmpl, err := c.env().Get("case")
	var out []byte
	if err == nil {
		out, err = tmpl.Render(c.vars(t))
	}
	if e := (*python.Error)(nil); errors.As(err, &e) {
		return result{Error: string(e.Kind), Line: e.Line, Want: e.Error()}
	}
	return result{Want: string(out)}
}

// configured gives the values that templates get from a configuration.
func configured(t testing.TB, text string) map[string]any {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Sources{File: file})
	if err != nil {
		t.Fatal(err)
	}
	return c.Variables()
}

// orderedMap is a JSON object with the order of its keys, as Python reads it.
type orderedMap struct {
	keys   []string
	values map[string]any
}

func (m *orderedMap) Each(do func(key, value any)) {
	for _, k := range m.keys {
		do(k, m.values[k])
	}
}

func (m *orderedMap) Get(key string) (any, bool) {
	v, ok := m.values[key]
	return v, ok
}

func decodeVars(data json.RawMessage) map[string]any {
	if len(data) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return decodeValue(d).(*orderedMap).values
}

// decodeValue reads one value; numbers without a point are ints.
func decodeValue(d *json.Decoder) any {
	token, err := d.Token()
	if err != nil {
		panic(err)
	}
	switch token := token.(type) {
	case json.Number:
		if n, err := token.Int64(); err == nil {
			return n
		}
		f, _ := token.Float64()
		return f
	case json.Delim:
		if token == '[' {
			list := []any{}
			for d.More() {
				list = append(list, decodeValue(d))
			}
			_, _ = d.Token()
			return list
		}
		m := &orderedMap{values: map[string]any{}}
		for d.More() {
			key, _ := d.Token()
			m.keys = append(m.keys, key.(string))
			m.values[key.(string)] = decodeValue(d)
		}
		_, _ = d.Token()
		return m
	}
	return token
}

func TestCorpus(t *testing.T) {
	cases := readCorpus(t)
	if len(cases) < 400 {
		t.Errorf("the corpus has %d cases, less than 400", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			got := c.render(t)
			text := got.Want
			if c.Error != "" {
				got.Want = ""
			}
			if diff := cmp.Diff(c.result, got); diff != "" {
				t.Errorf("%s\nmade %q\n(-jinja2 +slipway)\n%s", c.Template, text, diff)
			}
		})
	}
}

// TestCorpusIsJinja2 asks Jinja2 again for every expectation.
func TestCorpusIsJinja2(t *testing.T) {
	fresh := jinja2(t, corpusFiles(t)...)
	for _, c := range readCorpus(t) {
		if diff := cmp.Diff(c.result, fresh[c.Name]); diff != "" {
			t.Errorf("%s: run testdata/make-corpus.py (-corpus +jinja2)\n%s", c.Name, diff)
		}
	}
}

// TestDifferencesOfBookworm holds the list of what Debian 12's own Jinja2 makes otherwise.
func TestDifferencesOfBookworm(t *testing.T) {
	var machine struct {
		Version string
		Names   []string
	}
	makeCorpus(t, &machine, append([]string{"--differences"}, corpusFiles(t)...)...)
	if machine.Version != "3.1.2" {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the list is of Jinja2 3.1.2, and this machine has %s", machine.Version)
		}
		t.Skipf("the list is of Jinja2 3.1.2, and this machine has %s", machine.Version)
	}
	list, err := os.ReadFile("testdata/bookworm.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields(string(list)), machine.Names); diff != "" {
		t.Errorf("testdata/bookworm.txt: (-list +machine)\n%s", diff)
	}
}

// jinja2 renders the cases of files with the Jinja2 that hack/jinja2 unpacks.
func jinja2(t *testing.T, files ...string) map[string]result {
	t.Helper()
	var out struct{ Results map[string]result }
	makeCorpus(t, &out, append([]string{"--print"}, files...)...)
	return out.Results
}

// makeCorpus runs make-corpus.py and reads what it prints. A machine that cannot get the version that
// is compared with skips the test; in CI it must be there.
func makeCorpus(t *testing.T, into any, args ...string) {
	t.Helper()
	if out, err := exec.Command("../hack/jinja2").CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no Jinja2 to compare with, and in CI there must be: %v\n%s", err, out)
		}
		t.Skipf("no Jinja2 to compare with: %v\n%s", err, out)
	}
	cmd := exec.Command("/usr/bin/python3", append([]string{"testdata/make-corpus.py"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("make-corpus.py: %v\n%s", err, &stderr)
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatal(err)
	}
}
