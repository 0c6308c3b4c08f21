package state_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/state"
)

func open(t *testing.T, dir string) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

var day = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// add records one whole build.
func add(t *testing.T, db *state.DB, b state.Build, listing string) state.Build {
	t.Helper()
	ctx := t.Context()
	id, err := db.BeginBuild(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	b.ID = id
	if err := db.SetInputs(ctx, b, []byte(listing)); err != nil {
		t.Fatal(err)
	}
	if err := db.EndBuild(ctx, b); err != nil {
		t.Fatal(err)
	}
	return b
}

func example(run int64, name, tag, outcome string) state.Build {
	return state.Build{
		Run: run, Ref: "registry.example/" + name + ":" + tag, Name: name, Version: tag, Platform: "linux/amd64",
		Reasons: json.RawMessage(`[{"kind":"new","text":"never built"}]`), Inputs: digests.Inputs("sha256:in-" + tag), Parts: json.RawMessage(`{"level":1}`),
		Tree: "sha256:tree-" + tag, Digest: "sha256:out", Size: 42, Began: day, Ended: day.Add(time.Second), Outcome: outcome,
		Test: "passed", Tries: 2, Error: "an error", Tail: []string{"last", "words"}, Log: "/logs/" + name,
	}
}

func beginRun(t *testing.T, db *state.DB) int64 {
	t.Helper()
	id, err := db.BeginRun(t.Context(), state.Run{Command: "slipway build", Folder: "/here", Suffix: "-1", PID: 7, Began: day})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestHistory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	db := open(t, dir)
	ctx := t.Context()
	run := beginRun(t, db)
	first := add(t, db, example(run, "app", "1", "built"), "a\x00644\x00ab\x00")
	second := add(t, db, example(run, "app", "2", "failed"), "")
	third := add(t, db, example(run, "base", "1", "built"), "")
	all, err := db.History(ctx, state.Query{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]state.Build{third, second, first}, all); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, tt := range []struct {
		q    state.Query
		want int
	}{
		{state.Query{Name: "app"}, 2}, {state.Query{Name: "app:2"}, 1}, {state.Query{Name: "registry.example/app:1"}, 1},
		{state.Query{Outcome: "failed"}, 1}, {state.Query{Limit: 1}, 1}, {state.Query{Run: run + 1}, 0}, {state.Query{Name: "ap"}, 0},
	} {
		if got, err := db.History(ctx, tt.q); err != nil || len(got) != tt.want {
			t.Errorf("%+v: %d builds, %v", tt.q, len(got), err)
		}
	}
	for _, tt := range []struct {
		ref  string
		good bool
		want int64
	}{{"registry.example/app:2", false, second.ID}, {"registry.example/app:2", true, 0}, {"registry.example/app:1", false, first.ID}, {"other.example/app:1", false, 0}} {
		got, found, err := db.Newest(ctx, tt.ref, "linux/amd64", tt.good)
		if err != nil || found != (tt.want != 0) || got.ID != tt.want {
			t.Errorf("%+v: %d %v %v", tt, got.ID, found, err)
		}
	}
	for repository, want := range map[string]int64{"registry.example/app": first.ID, "registry.example/base": third.ID, "registry.example/ap": 0, "app": 0} {
		if got, found, err := db.NewestOf(ctx, repository, "linux/amd64"); err != nil || found != (want != 0) || got.ID != want {
			t.Errorf("%s: %d %v %v", repository, got.ID, found, err)
		}
	}
	if _, found, err := db.Newest(ctx, "registry.example/app:1", "linux/arm64", false); found || err != nil {
		t.Errorf("a build for another platform: %v %v", found, err)
	}
	if b, found, err := db.MadeFrom(ctx, first.Name, "linux/amd64", "sha256:in-1"); !found || b.ID != first.ID || err != nil {
		t.Errorf("MadeFrom: %v %v %v", b, found, err)
	}
	if listing, err := db.Tree(ctx, "sha256:tree-1"); string(listing) != "a\x00644\x00ab\x00" || err != nil {
		t.Errorf("%q, %v", listing, err)
	}
	if err := db.EndRun(ctx, run, state.OutcomeFailed, day.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	runs, err := db.Runs(ctx, 5)
	want := []state.Run{{ID: run, Command: "slipway build", Folder: "/here", Suffix: "-1", PID: 7, Began: day, Ended: day.Add(time.Minute), Outcome: "failed"}}
	if diff := cmp.Diff(want, runs); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for _, names := range [][]string{{"app", "other"}, {"other"}} { // app leaves the list
		if err := db.SetList(ctx, "/here/config.yaml", names); err != nil {
			t.Fatal(err)
		}
	}
	if all, _ := db.History(ctx, state.Query{}); len(all) != 1 || all[0].Name != "base" {
		t.Errorf("after forgetting: %v", all)
	}
	if err := db.Forget(ctx, []string{third.Ref}, []string{"/nowhere"}); err != nil {
		t.Fatal(err)
	}
	if all, _ := db.History(ctx, state.Query{}); len(all) != 0 {
		t.Errorf("after clearing: %v", all)
	}
}

func TestOldBuildsAreForgotten(t *testing.T) {
	db := open(t, t.TempDir())
	run := beginRun(t, db)
	for i := range 60 {
		add(t, db, example(run, "app", fmt.Sprint(i), "built"), "listing")
	}
	add(t, db, example(run, "base", "x", "built"), "listing")
	if err := db.EndRun(t.Context(), run, state.OutcomeDone, day); err != nil {
		t.Fatal(err)
	}
	builds, err := db.History(t.Context(), state.Query{Name: "app"})
	if err != nil || len(builds) != 50 || builds[49].Version != "10" {
		t.Fatalf("%d builds, %v", len(builds), err)
	}
	for tag, want := range map[string]bool{"9": false, "10": true, "x": true} {
		if listing, err := db.Tree(t.Context(), "sha256:tree-"+tag); err != nil || (listing != nil) != want {
			t.Errorf("listing of %s: %v, %v", tag, listing != nil, err)
		}
	}
}

func TestContexts(t *testing.T) {
	db := open(t, t.TempDir())
	ctx := t.Context()
	want := map[string]state.Context{
		"/a": {Folder: "/a", Stamp: []byte{1, 2}, Digests: map[string]string{"tree": "sha256:a", "part": "sha256:p"}},
		"/b": {Folder: "/b", Digests: map[string]string{"tree": "sha256:b"}},
	}
	if err := db.SaveContexts(ctx, []state.Context{{Folder: "/a", Digests: map[string]string{"tree": "old"}, Entries: []byte{}}}); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveContexts(ctx, []state.Context{
		{Folder: "/a", Stamp: []byte{1, 2}, Digests: map[string]string{"tree": "sha256:a"}, Entries: []byte("entries")},
		{Folder: "/b", Digests: map[string]string{"tree": "sha256:b"}, Entries: []byte{}},
	}); err != nil {
		t.Fatal(err)
	}
	// Without entries only digests are kept, of the folder as it was looked at then.
	if err := db.SaveContexts(ctx, []state.Context{
		{Folder: "/a", Stamp: []byte{1, 2}, Digests: map[string]string{"tree": "sha256:a", "part": "sha256:p"}},
		{Folder: "/b", Stamp: []byte{3}, Digests: map[string]string{"tree": "of another time"}},
		{Folder: "/d", Digests: map[string]string{"tree": "of an unknown folder"}},
	}); err != nil {
		t.Fatal(err)
	}
	got, err := db.Contexts(ctx)
	for folder, c := range got {
		if age := time.Since(c.Seen); age < 0 || age > time.Minute {
			t.Errorf("%s was seen %s ago", folder, age)
		}
		c.Seen = time.Time{}
		got[folder] = c
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if data, err := db.Entries(ctx, "/a"); string(data) != "entries" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if data, err := db.Entries(ctx, "/c"); data != nil || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}

// TestContextsAreNotKeptForever: the folders that nobody looked at for longest make room, some at a
// time; those that are touched stay.
func TestContextsAreNotKeptForever(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	ctx := t.Context()
	raw, err := sql.Open("sqlite", filepath.Join(dir, state.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	// 22,000 folders, /10001 the one that was not seen for longest.
	if _, err := raw.Exec(`WITH RECURSIVE n(i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < 32000)
		INSERT INTO contexts (folder, stamp, digests, entries, seen) SELECT '/' || i, x'01', '', x'02', i FROM n`); err != nil {
		t.Fatal(err)
	}
	if err := db.TouchContexts(ctx, []string{"/10001", "/gone"}); err != nil {
		t.Fatal(err)
	}
	for round, want := range []struct {
		known int
		gone  string // the last that goes
	}{{21_000, "/11002"}, {20_000, "/12003"}, {20_000, "/12004"}} {
		if err := db.SaveContexts(ctx, []state.Context{{Folder: fmt.Sprint("/new/", round), Entries: []byte{}}}); err != nil {
			t.Fatal(err)
		}
		known, err := db.Contexts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		fmt.Sscanf(want.gone, "/%d", &n)
		_, gone := known[want.gone]
		_, next := known[fmt.Sprint("/", n+1)]
		_, touched := known["/10001"]
		_, saved := known[fmt.Sprint("/new/", round)]
		if len(known) != want.known || gone || !next || !touched || !saved {
			t.Errorf("round %d: %d known; %s: %v, the next: %v, touched: %v, saved: %v", round, len(known), want.gone, gone, next, touched, saved)
		}
	}
}

// TestManyAtOnce: two processes' worth of handles, writers and readers.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	handles := []*state.DB{open(t, dir), open(t, dir), open(t, dir)}
	run := beginRun(t, handles[0])
	var group sync.WaitGroup
	const each = 20
	for i, db := range handles {
		group.Go(func() {
			for k := range each {
				add(t, db, example(run, fmt.Sprintf("image-%d", i), fmt.Sprint(k), "built"), "listing")
			}
		})
		group.Go(func() {
			for range each {
				if _, err := db.History(t.Context(), state.Query{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	builds, err := handles[1].History(t.Context(), state.Query{})
	if len(builds) != each*len(handles) || err != nil {
		t.Errorf("%d builds, %v", len(builds), err)
	}
	if found, err := handles[2].Check(t.Context()); len(found) > 0 || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestDamagedFileIsSetAside(t *testing.T) {
	for name, damage := range map[string]func(data []byte) []byte{
		"no database": func([]byte) []byte { return []byte(strings.Repeat("this is no database. ", 1000)) },
		"header":      func(data []byte) []byte { copy(data, "garbage!"); return data },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := open(t, dir)
			beginRun(t, db)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, state.FileName)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(data), 0o600); err != nil {
				t.Fatal(err)
			}
			db = open(t, dir)
			if db.SetAside != path+".damaged" {
				t.Errorf("set aside: %q", db.SetAside)
			}
			if _, err := os.Stat(db.SetAside); err != nil {
				t.Error(err)
			}
			beginRun(t, db)
		})
	}
}

func TestNewerStateIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", filepath.Join(dir, state.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = state.Open(t.Context(), dir)
	scripts, globErr := filepath.Glob("migrations/*.sql")
	want := fmt.Sprintf("made by a newer slipway (version 99, this one knows %d)\nhint: ", len(scripts))
	if globErr != nil || err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	info, err := os.Stat(db.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if !state.Exists(dir) || state.Exists(filepath.Join(dir, "elsewhere")) {
		t.Error("Exists is wrong")
	}
}

func TestCancelled(t *testing.T) {
	db := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.History(ctx, state.Query{}); err == nil || !strings.Contains(err.Error(), "cannot read state") {
		t.Errorf("%v", err)
	}
}
