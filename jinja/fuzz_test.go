package jinja_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/inspect"
	"github.com/slipway-build/slipway/jinja/python"
)

// FuzzRender looks for templates that crash the engine, hang it or make it
// eat memory. The seeds are the corpus and what earlier runs found.
func FuzzRender(f *testing.F) {
	for _, c := range readCorpus(f) {
		f.Add(c.Template, c.Files["base"])
	}
	source, err := os.ReadFile("testdata/typical.template")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(source), "{% macro f(a) %}{{ a }}{{ caller() }}{% endmacro %}")
	vars := jinja.NewVars(map[string]any{
		"name": "bob", "n": 5, "f": 2.5, "l": []any{1, 2, 3}, "d": map[string]any{"a": 1, "b": []any{}},
		"users":      []any{map[string]any{"name": "Ann", "age": 30}, map[string]any{"name": "bob", "age": 25}},
		"http_proxy": "http://proxy.example", "registry": "r", "version": "1.2.3",
		"known_uid_mappings": map[string]any{"www-data": 33},
	})
	f.Fuzz(func(t *testing.T, source, other string) {
		env := jinja.NewEnv(jinja.MapLoader{"case": source, "base": other}, jinja.Options{
			TrimBlocks: len(source)%2 == 1, LstripBlocks: len(source)%3 == 1, Autoescape: len(other)%2 == 1,
			Limits: python.Limits{Output: 1 << 18, Steps: 5_000, Memory: 4 << 20, Recursion: 50, Source: 1 << 16},
		})
		// A hang would end the fuzzing silently, a panic in time is a finding.
		watchdog := time.AfterFunc(10*time.Second, func() { panic("hangs: " + source) })
		defer watchdog.Stop()
		tmpl, err := env.Get("case")
		if err == nil {
			var out []byte
			out, err = tmpl.Render(vars)
			if len(out) > 1<<18 {
				t.Errorf("made %d bytes", len(out))
			}
			var tr jinja.Trace
			doubts := inspect.Render(tmpl, vars, &tr)
			for _, e := range append(tr.Faults, doubts...) {
				if e.Kind == python.InternalError {
					t.Errorf("trace: %v", e)
				}
			}
			if (err != nil) != (len(tr.Faults) > 0) {
				t.Errorf("a render gives %v, a trace %v", err, tr.Faults)
			}
		}
		if e := (*python.Error)(nil); err != nil && (!errors.As(err, &e) || e.Kind == python.InternalError) {
			t.Errorf("%v", err)
		}
	})
}
