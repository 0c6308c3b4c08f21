package state_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/state"
)

// TestArtifacts: what is made again is the same artifact, on another platform it is another.
func TestArtifacts(t *testing.T) {
	db, ctx := open(t, t.TempDir()), t.Context()
	run := beginRun(t, db)
	b := example(run, "app", "1", "built")
	failed := b
	failed.Outcome, failed.Size, failed.Inputs = "failed", 0, ""
	arm := b
	arm.Platform = "linux/arm64"
	nothing := b
	nothing.Digest, nothing.Size = "", 0
	for _, b := range []state.Build{failed, b, arm, nothing, b} {
		add(t, db, b, "listing")
	}
	second := beginRun(t, db)
	b.Run, b.Ended = second, b.Ended.Add(time.Hour)
	add(t, db, b, "listing")
	fetched := state.Artifact{Ref: "registry.example/base:1", Name: "base", Platform: "linux/amd64", Digest: "sha256:base", Made: day, Run: second}
	for range 2 {
		if err := db.AddArtifact(ctx, fetched); err != nil {
			t.Fatal(err)
		}
	}
	app := state.Artifact{Ref: b.Ref, Name: "app", Platform: "linux/amd64", Digest: "sha256:out", Inputs: "sha256:in-1", Size: 42, Made: day.Add(time.Second), Run: run}
	onARM := app
	onARM.Platform = "linux/arm64"
	for id, want := range map[int64][]state.Artifact{run: {app, onARM}, second: {fetched}} {
		got, err := db.Artifacts(ctx, id)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("run %d: %v (-want +got)\n%s", id, err, diff)
		}
	}
	if err := db.Forget(ctx, []string{app.Ref}, nil); err != nil {
		t.Fatal(err)
	}
	if all, err := db.Artifacts(ctx, run); len(all) != 0 || err != nil {
		t.Errorf("after forgetting: %v, %v", all, err)
	}
	for _, names := range [][]string{{"base"}, nil} { // base leaves the list
		if err := db.SetList(ctx, "/here/config.yaml", names); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := db.Artifacts(ctx, second); len(all) != 0 || err != nil {
		t.Errorf("after leaving the list: %v, %v", all, err)
	}
}

// TestOldArtifactsAreForgotten: fifty of an image stay, and those of builds that are known.
func TestOldArtifactsAreForgotten(t *testing.T) {
	db, ctx := open(t, t.TempDir()), t.Context()
	run := beginRun(t, db)
	built := add(t, db, example(run, "app", "1", "built"), "listing")
	for i := range 60 {
		a := state.Artifact{Ref: fmt.Sprint("registry.example/app:", i), Name: "app", Platform: "linux/amd64", Digest: "sha256:fetched", Made: day, Run: run}
		if err := db.AddArtifact(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.EndRun(ctx, run, state.OutcomeDone, day); err != nil {
		t.Fatal(err)
	}
	all, err := db.Artifacts(ctx, run)
	if err != nil || len(all) != 51 || all[0].Digest != built.Digest || all[1].Ref != "registry.example/app:10" {
		t.Errorf("%d are left, the first %+v, %v", len(all), all[:2], err)
	}
}

// TestPlanOfRun: a run's plan is kept as long as builds of the run are, and not of more than 200 runs.
func TestPlanOfRun(t *testing.T) {
	db, ctx := open(t, t.TempDir()), t.Context()
	const plan = `{"images":[{"name":"app"}]}`
	begin := func() int64 {
		id, err := db.BeginRun(ctx, state.Run{Command: "slipway build", Folder: "/here", Began: day, Plan: json.RawMessage(plan)})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	end := func(id int64) {
		if err := db.EndRun(ctx, id, state.OutcomeDone, day); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, id int64, want string) {
		t.Helper()
		if r, found, err := db.Run(ctx, id); string(r.Plan) != want || !found || r.Command != "slipway build" || err != nil {
			t.Errorf("%s: %q, %v, %v", what, r.Plan, found, err)
		}
	}
	underWay := begin()
	first := begin()
	add(t, db, example(first, "app", "1", "built"), "")
	end(first)
	check("a run under way", underWay, plan)
	check("with a build", first, plan)
	end(underWay)
	check("without one", underWay, "")
	check("without a plan", beginRun(t, db), "")
	for range 200 {
		id := begin()
		add(t, db, example(id, fmt.Sprint("image-", id), "1", "built"), "")
	}
	end(begin())
	check("of long ago", first, "")
	if r, found, err := db.Run(ctx, 9999); found || err != nil {
		t.Errorf("unknown: %+v, %v", r, err)
	}
}
