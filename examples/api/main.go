// Command api reads the fleet in a folder, prints what is to be built and why, builds it, and lists what came out.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/config"
)

func main() {
	ctx := context.Background()
	if code, is := slipway.Helper(ctx, os.Args, slipway.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}); is {
		os.Exit(code)
	}
	cfg := must(config.Load(config.Sources{File: os.Args[1] + "/config.yaml", Env: os.Getenv}))
	s := must(slipway.Open(slipway.Options{Config: cfg, Notify: func(n slipway.Notice) { log.Println(n.Text) }}))
	what := slipway.PlanOptions{Directory: os.Args[1]}
	planned := must(s.Plan(ctx, what))
	for _, step := range planned.Plan.Steps {
		fmt.Println(step.Image.Ref, step.Action, planned.Plan.Said(step))
	}
	built := must(s.Build(ctx, slipway.BuildOptions{PlanOptions: what, Jobs: 2}))
	for _, r := range built.Summary.Results {
		fmt.Println(r.Image.Ref, r.Outcome, r.Digest, r.Err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
