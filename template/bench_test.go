package template_test

import (
	"os"
	"testing"

	"github.com/slipway-build/slipway/template"
)

// BenchmarkRender reads, parses and renders one definition of a fleet.
func BenchmarkRender(b *testing.B) {
	source, err := os.ReadFile("jinja/testdata/typical.template")
	if err != nil {
		b.Fatal(err)
	}
	dir := writeTree(b, map[string]string{"Dockerfile.template": string(source)})
	env := template.New(template.Options{
		Variables: map[string]any{"registry": "registry.example", "http_proxy": nil, "version": "1.2.3",
			"known_uid_mappings": map[string]any{"www-data": 33}},
		ImageTag: func(name string) (string, error) { return "registry.example/" + name + ":1", nil },
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := env.Render(dir, "Dockerfile.template"); err != nil {
			b.Fatal(err)
		}
	}
}
