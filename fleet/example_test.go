package fleet_test

import (
	"context"
	"fmt"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
)

func Example() {
	cfg, err := config.Load(config.Sources{
		File: "testdata/example/config.yaml", FileExplicit: true,
		Env: func(string) string { return "testdata" }, // look for no user's file
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := fleet.Scan(context.Background(), fleet.ScanOptions{
		Dir: "testdata/example/images", Config: cfg, ParseDockerfile: dockerfile.Parse,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, img := range f.Order() {
		fmt.Println(img.Ref)
	}
	base := f.Lookup("base")
	fmt.Println(f.Recipe(base).Dockerfile.Text)
	for _, img := range f.Dependents(base) {
		fmt.Println(img.Name, "depends on", base.Name)
	}
	// Output:
	// registry.example/team/base:1.0
	// registry.example/team/app:2.1-s1
	// FROM registry.example/team/debian:12
	// ENV LANG=C.UTF-8
	// app depends on base
}

func ExampleMatch() {
	fmt.Println(fleet.Match("*/node*:20.*", "registry.example/team/nodejs:20.1"))
	fmt.Println(fleet.Match("node*", "registry.example/team/nodejs:20.1"))
	// Output:
	// true
	// false
}
