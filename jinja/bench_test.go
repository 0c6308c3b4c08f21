package jinja_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/slipway-build/slipway/jinja"
)

func typical(t testing.TB) (string, jinja.Vars, *jinja.Env) {
	source, err := os.ReadFile("testdata/typical.template")
	if err != nil {
		t.Fatal(err)
	}
	vars := jinja.NewVars(map[string]any{
		"registry": "registry.example", "http_proxy": "http://proxy.example:8080",
		"known_uid_mappings": map[string]any{"www-data": 33}, "version": "1.2.3",
	})
	env := jinja.NewEnv(nil, jinja.Options{})
	env.AddFilter("image_tag", "name", func(args []any) (any, error) {
		return "registry.example/" + args[0].(string) + ":1", nil
	})
	return string(source), vars, env
}

// BenchmarkTypicalTemplate parses and renders a Dockerfile of common length
// each time. The goal is less than 200 µs.
func BenchmarkTypicalTemplate(b *testing.B) {
	source, vars, env := typical(b)
	b.SetBytes(int64(len(source)))
	b.ReportAllocs()
	for b.Loop() {
		tmpl, err := env.Parse("Dockerfile.template", source)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tmpl.Render(vars); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRenderOnly(b *testing.B) {
	source, vars, env := typical(b)
	tmpl, err := env.Parse("Dockerfile.template", source)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Render(vars); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMemoryDoesNotGrow renders many times and compares the heap.
func TestMemoryDoesNotGrow(t *testing.T) {
	source, vars, env := typical(t)
	heap := func(renders int) uint64 {
		for range renders {
			tmpl, err := env.Parse("Dockerfile.template", source)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tmpl.Render(vars); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap(100)
	after := heap(5000)
	if after > before+256<<10 {
		t.Errorf("heap grew from %d to %d bytes in 5000 renders", before, after)
	}
}
