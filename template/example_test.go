package template_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/template"
)

func Example() {
	dir, err := os.MkdirTemp("", "slipway")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	source := "FROM {{ 'debian' | image_tag }}\nRUN {{ 'app' | add_user }}\nUSER {{ 'app' | uid }}\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile.template"), []byte(source), 0o644); err != nil {
		panic(err)
	}

	env := template.New(template.Options{
		ImageTag: func(name string) (string, error) {
			if name != "debian" {
				return "", errors.New("no such image")
			}
			return "registry.example/debian:12", nil
		},
		Variables: map[string]any{"known_uid_mappings": map[string]any{"app": 1000}},
	})
	out, err := env.Render(dir, "Dockerfile.template")
	fmt.Println(string(out), err)
	// Output:
	// FROM registry.example/debian:12
	// RUN groupadd -o -g 1000 -r app && useradd -l -o -r -m -d /var/lib/app -g app -u 1000 app
	// USER 1000 <nil>
}
