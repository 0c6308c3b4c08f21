package template_test

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/slipway-build/slipway/template"
)

// typical is a folder with a definition as fleets have them and an environment for it.
func typical(t testing.TB) (env *template.Environment, dir string) {
	source, err := os.ReadFile("../jinja/testdata/typical.template")
	if err != nil {
		t.Fatal(err)
	}
	dir = writeTree(t, map[string]string{"Dockerfile.template": string(source)})
	return template.New(template.Options{
		Variables: map[string]any{"registry": "registry.example", "http_proxy": nil, "version": "1.2.3",
			"known_uid_mappings": map[string]any{"www-data": 33}},
		ImageTag: func(name string) (string, error) { return "registry.example/" + name + ":1", nil },
	}), dir
}

// BenchmarkRender reads, parses and renders one definition of a fleet. The goal is less than 200 µs.
func BenchmarkRender(b *testing.B) {
	env, dir := typical(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := env.Render(dir, "Dockerfile.template"); err != nil {
			b.Fatal(err)
		}
	}
}

// renderMany reads, parses and renders the typical definition n times and returns the bytes that
// are in use after it.
func renderMany(t testing.TB, env *template.Environment, dir string, n int) int64 {
	for range n {
		if _, err := env.Render(dir, "Dockerfile.template"); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.GC() // pools give up what they hold at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkMillionRenders is for -benchtime 1x: one round is a million renders.
func BenchmarkMillionRenders(b *testing.B) {
	const renders = 1_000_000
	env, dir := typical(b)
	before := renderMany(b, env, dir, 1000)
	for b.Loop() {
		start := time.Now()
		after := renderMany(b, env, dir, renders)
		b.ReportMetric(float64(time.Since(start).Microseconds())/renders, "µs/render")
		b.ReportMetric(float64(after-before), "heap-growth-B")
	}
	b.ReportMetric(0, "ns/op")
}

// TestRendersLeaveNothing is BenchmarkMillionRenders for every day.
func TestRendersLeaveNothing(t *testing.T) {
	env, dir := typical(t)
	before := renderMany(t, env, dir, 200)
	if after := renderMany(t, env, dir, 4000); after > before+128<<10 {
		t.Errorf("the heap grew from %d to %d bytes in 4000 renders", before, after)
	}
}
