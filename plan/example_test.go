package plan_test

import (
	"fmt"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

func Example() {
	f, err := fleet.New("images", []*fleet.Image{
		{Name: "base", Version: "1.1", Tag: "1.1", Ref: "registry.example/base:1.1"},
		{Name: "app", Version: "2.0", Tag: "2.0", Ref: "registry.example/app:2.0",
			Depends: []fleet.Dependency{{Name: "base", Used: true}}},
		{Name: "docs", Version: "5", Tag: "5", Ref: "registry.example/docs:5"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	facts := plan.Facts{Images: map[string]plan.StoredImage{
		"registry.example/base:1.0": {Tested: true},
		"registry.example/docs:5":   {Tested: true},
	}}
	for _, step := range plan.Make(f, facts, plan.Options{Select: "app:*"}).Steps {
		for _, reason := range step.Reasons {
			fmt.Printf("%s: %s: %s\n", step.Image.Name, step.Action, reason.Text())
		}
	}
	for _, r := range plan.Prune(f, facts.Images, plan.PruneOptions{}) {
		fmt.Println("remove", r.Ref)
	}
	// Output:
	// base: build: version 1.0 → 1.1 (changelog)
	// base: build: needed by app
	// app: build: never built
	// docs: skip: not selected
	// remove registry.example/base:1.0
}
