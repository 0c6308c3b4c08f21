package config_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/config"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "config.yaml")
	text := "registry: registry.example\nnamespace: ml\nmirrors: {main: 1, backup: 2}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		log.Fatal(err)
	}

	c, err := config.Load(config.Sources{File: file, Env: func(string) string { return "" }})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Ref("nodejs", "1.4.2"))
	fmt.Println(c.KnownUIDMappings["www-data"])
	fmt.Println(c.Variables()["mirrors"].(*config.Map).Keys())
	// Output:
	// registry.example/ml/nodejs:1.4.2
	// 33
	// [main backup]
}
