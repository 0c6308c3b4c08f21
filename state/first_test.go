package state_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/state"
)

// firstState opens the state that the first Slipway left, see testdata, after some more statements.
func firstState(t *testing.T, more ...string) *state.DB {
	t.Helper()
	dump, err := os.ReadFile("testdata/68208fa.sql")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	query(t, dir, append([]string{string(dump)}, more...)...)
	return open(t, dir)
}

// TestFirstState: the history of the first Slipway's state is, byte for byte, what that one printed.
func TestFirstState(t *testing.T) {
	db, ctx := firstState(t), t.Context()
	builds, err := db.History(ctx, state.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	enc := json.NewEncoder(&got)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]any{"builds": builds}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/68208fa.history.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, b := range builds {
		if found, ok, err := db.MadeFrom(ctx, b.Name, b.Platform, b.Inputs); !ok || found.Inputs != b.Inputs || err != nil {
			t.Errorf("made from %q: %v %v %v", b.Inputs, found.ID, ok, err)
		}
		if listing, err := db.Tree(ctx, b.Tree); (b.Tree != "") != (listing != nil) || err != nil {
			t.Errorf("build %d: listing %q, %v", b.ID, listing, err)
		}
	}
}

// TestFirstStateGoesOn: the run that was killed is gone on with, what was published is known, and so is what
// registries answered, of the platform that they were asked for.
func TestFirstStateGoesOn(t *testing.T) {
	db, ctx := firstState(t), t.Context()
	killed, found, err := db.NewestRun(ctx, "slipway -c local.yaml build --local --snapshot --select *app* fleet", "/home/ann/images")
	if !found || killed.ID != 7 || killed.Suffix != "-20261130-225623" || !killed.Ended.IsZero() || err != nil {
		t.Errorf("%+v %v %v", killed, found, err)
	}
	if run, found, err := db.Run(ctx, 7); !found || run.Plan != nil || err != nil {
		t.Errorf("its plan: %s %v %v", run.Plan, found, err)
	}
	const ref, digest = "localhost:5997/team/app:1", "sha256:c9cca917459986ddecb1cf4fd07384e36bd13b3b674f5d868d8a007adc238324"
	if published, err := db.Published(ctx, []string{ref}); published[ref] != digest || err != nil {
		t.Errorf("published: %v, %v", published, err)
	}
	want := map[string]state.Inside{"linux/amd64": {
		Looked:      `["org.opencontainers.image.version"]`,
		ID:          "sha256:298b8f2ad83187f947c517275b025d78ba60add8c5257c94874e0f9a6b48f829",
		Annotations: map[string]string{"org.opencontainers.image.version": "1"},
	}}
	remote, err := db.Remote(ctx, []string{ref})
	if diff := cmp.Diff(want, remote[ref].Inside); diff != "" || remote[ref].Digest != digest || err != nil {
		t.Errorf("%+v, %v (-want +got)\n%s", remote[ref], err, diff)
	}
}

// TestFirstStateHasArtifacts: what its builds made is there once, with the first that made it; what a failed test
// was of was made, too.
func TestFirstStateHasArtifacts(t *testing.T) {
	db, ctx := firstState(t), t.Context()
	var got []string
	for run := range int64(8) {
		all, err := db.Artifacts(ctx, run)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			if a.Run != run || a.Platform != "linux/amd64" || a.Inputs == "" || a.Made.Year() != 2026 || (a.Size == 0) != (a.Digest[:11] == "sha256:1453") {
				t.Errorf("%+v", a)
			}
			got = append(got, a.Ref+" "+string(a.Digest[7:11]))
		}
	}
	want := []string{
		"registry.example/team/base:1 7b3a", "registry.example/team/badtest:1 1453", "registry.example/team/app:1 82c1",
		"localhost:5997/team/base:1 be61", "localhost:5997/team/badtest:1 12a0", "localhost:5997/team/app:1 c9cc",
		"registry.example/team/badtest:1 ea25", "registry.example/team/app:1 e13a", "registry.example/team/app:1 5851",
		"registry.example/team/base:1 22cc", "registry.example/team/base:1-20261130-225623 22cc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestFirstStateWithDamage: what is spoiled in an old state does not keep anybody from using it, or a new one.
func TestFirstStateWithDamage(t *testing.T) {
	ctx := t.Context()
	const ref = "localhost:5997/team/app:1"
	db := firstState(t, "UPDATE remote SET annotations = '{'")
	if remote, err := db.Remote(ctx, []string{ref}); remote[ref].Digest == "" || len(remote[ref].Inside) > 0 || err != nil {
		t.Errorf("%+v, %v", remote[ref], err)
	}
	db = firstState(t, "UPDATE builds SET size = 'large'")
	if _, err := db.History(ctx, state.Query{}); db.SetAside != "" || !state.Damaged(err) {
		t.Errorf("a size: set aside %q, %v", db.SetAside, err)
	}
	db = firstState(t, "DELETE FROM runs")
	if builds, err := db.History(ctx, state.Query{}); db.SetAside == "" || len(builds) > 0 || err != nil {
		t.Errorf("no runs: set aside %q, %v, %v", db.SetAside, builds, err)
	}
}
