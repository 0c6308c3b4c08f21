package state_test

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/state"
)

var answer = state.Remote{
	Digest: "sha256:a", ETag: `"a"`, At: day.Add(time.Nanosecond), Inside: map[string]state.Inside{
		"linux/amd64": {Looked: `["base"]`, ID: "sha256:id", Annotations: map[string]string{"base": "a \"quoted\"\nname"}},
		"linux/arm64": {Looked: `[]`},
	},
}

func TestRemote(t *testing.T) {
	dir := t.TempDir()
	db, ctx := open(t, dir), t.Context()
	want := map[string]state.Remote{}
	for i := range 3000 {
		r := answer
		r.Inside = maps.Clone(r.Inside)
		r.Inside["linux/amd64"] = state.Inside{Looked: "[]", ID: fmt.Sprint("sha256:", i)}
		want[fmt.Sprintf("registry.example/app:%d", i)] = r
	}
	want["registry.example/digests:1"] = state.Remote{Digest: "sha256:b", At: day}
	if err := db.SaveRemote(ctx, want); err != nil {
		t.Fatal(err)
	}
	refs := slices.Collect(maps.Keys(want))
	see := func(what string, db *state.DB) {
		t.Helper()
		got, err := db.Remote(ctx, append(refs, "registry.example/never:1", "registry.example/app"))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", what, err, diff)
		}
	}
	see("saved", db)
	if got, err := db.Remote(ctx, refs[:1]); len(got) != 1 || err != nil {
		t.Errorf("one of them: %d, %v", len(got), err)
	}
	if got, err := db.Remote(ctx, nil); got == nil || len(got) != 0 || err != nil {
		t.Errorf("none of them: %v, %v", got, err)
	}

	// An answer takes the place of the last one as a whole, and one without a digest forgets it.
	news := map[string]state.Remote{
		"registry.example/app:1": {Digest: "sha256:c", At: day.Add(time.Hour)}, "registry.example/app:2": {}, "registry.example/never:1": {},
	}
	if err := db.SaveRemote(ctx, news); err != nil {
		t.Fatal(err)
	}
	want["registry.example/app:1"] = news["registry.example/app:1"]
	delete(want, "registry.example/app:2")
	see("changed", db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	see("opened again", open(t, dir))
}

func TestPublished(t *testing.T) {
	dir := t.TempDir()
	db, ctx := open(t, dir), t.Context()
	for _, p := range [][2]string{{"r/a:1", "sha256:a"}, {"r/a:latest", "sha256:a"}, {"r/a:latest", "sha256:b"}, {"r/b:1", "sha256:c"}, {"r/b:1", ""}, {"r/c:1", ""}} {
		if err := db.SetPublished(ctx, map[string]digests.Manifest{p[0]: digests.Manifest(p[1])}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, dir).Published(ctx, []string{"r/a:1", "r/a:latest", "r/b:1", "r/c:1"})
	if diff := cmp.Diff(map[string]digests.Manifest{"r/a:1": "sha256:a", "r/a:latest": "sha256:b"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestForgetWhatIsPublished(t *testing.T) {
	db, ctx := open(t, t.TempDir()), t.Context()
	refs := []string{"r/a:1", "r/a:2"}
	for _, ref := range refs {
		if err := errors.Join(db.SetPublished(ctx, map[string]digests.Manifest{ref: "sha256:a"}), db.SaveRemote(ctx, map[string]state.Remote{ref: answer})); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Forget(ctx, refs[:1], nil); err != nil {
		t.Fatal(err)
	}
	remote, err1 := db.Remote(ctx, refs)
	published, err2 := db.Published(ctx, refs)
	if err := errors.Join(err1, err2); err != nil || len(remote) != 1 || remote["r/a:2"].Digest == "" || len(published) != 1 || published["r/a:2"] == "" {
		t.Errorf("left: %v, %v, %v", remote, published, err)
	}
}

// TestPublishingAtOnce: several processes' worth of handles note and read at the same time.
func TestPublishingAtOnce(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	handles := []*state.DB{open(t, dir), open(t, dir), open(t, dir)}
	const each = 30
	var group sync.WaitGroup
	for i, db := range handles {
		group.Go(func() {
			for k := range each {
				ref := fmt.Sprintf("r/image-%d:%d", i, k)
				if err := errors.Join(db.SetPublished(ctx, map[string]digests.Manifest{ref: "sha256:a"}), db.SaveRemote(ctx, map[string]state.Remote{ref: answer, "r/shared:1": answer})); err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range each {
				_, err1 := db.Published(ctx, []string{"r/image-0:0"})
				if got, err2 := db.Remote(ctx, []string{"r/shared:1"}); err1 != nil || err2 != nil || len(got) > 1 {
					t.Errorf("%v, %v, %v", got, err1, err2)
				}
			}
		})
	}
	group.Wait()
	var all []string
	for i := range handles {
		for k := range each {
			all = append(all, fmt.Sprintf("r/image-%d:%d", i, k))
		}
	}
	published, err := handles[0].Published(ctx, all)
	if len(published) != each*len(handles) || err != nil {
		t.Errorf("%d published, %v", len(published), err)
	}
	if got, err := handles[1].Remote(ctx, append(slices.Collect(maps.Keys(published)), "r/shared:1")); len(got) != each*len(handles)+1 || err != nil {
		t.Errorf("%d remembered, %v", len(got), err)
	}
}

// query runs statements on a state's file, beside Slipway.
func query(t *testing.T, dir string, statements ...string) {
	t.Helper()
	raw, err := sql.Open("sqlite", filepath.Join(dir, state.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := raw.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedRemote: what cannot have been written by Slipway is damage.
func TestDamagedRemote(t *testing.T) {
	for name, statement := range map[string]string{
		"inside": "UPDATE remote SET inside = '{'", "time": "UPDATE remote SET at = 'yesterday'", "no table": "DROP TABLE remote",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := open(t, dir)
			if err := db.SaveRemote(t.Context(), map[string]state.Remote{"r/a:1": answer}); err != nil {
				t.Fatal(err)
			}
			query(t, dir, statement)
			got, err := db.Remote(t.Context(), []string{"r/a:1"})
			if !state.Damaged(err) || got != nil {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// TestManyOpenAtOnce: those that open a new state at the same time, and one without a write-ahead log,
// wait for each other. SQLite itself does not wait while it turns a file to the log.
func TestManyOpenAtOnce(t *testing.T) {
	for range 10 {
		dir := t.TempDir()
		query(t, dir, "CREATE TABLE other (a)", "DROP TABLE other") // a file with a rollback journal
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				db, err := state.Open(t.Context(), dir)
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
}

// TestOldStateIsMigrated: a state of the first schema keeps what it has.
func TestOldStateIsMigrated(t *testing.T) {
	dir := t.TempDir()
	first, err := os.ReadFile("migrations/001.sql")
	if err != nil {
		t.Fatal(err)
	}
	query(t, dir, string(first), "PRAGMA user_version = 1",
		`INSERT INTO runs (id, command, folder, suffix, pid, began) VALUES (7, 'slipway build', '/here', '', 1, 1)`,
		`INSERT INTO builds (run, ref, name, version, platform, reasons, began, ended, outcome) VALUES (7, 'r/a:1', 'a', '1', 'linux/amd64', '[]', 1, 2, 'built')`,
		`INSERT INTO contexts (folder, stamp, digest, entries) VALUES ('/a', x'01', 'sha256:a', x'')`)
	if _, err := state.OpenReadOnly(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "made by an older slipway (version 1, this one knows 5)") {
		t.Errorf("read-only: %v", err)
	}
	handles := []*state.DB{nil, nil, nil}
	var group sync.WaitGroup
	for i := range handles { // all want to migrate it
		group.Go(func() {
			db, err := state.Open(t.Context(), dir)
			if err != nil {
				t.Error(err)
				return
			}
			handles[i] = db
		})
	}
	group.Wait()
	for _, db := range handles {
		if db == nil {
			continue
		}
		defer db.Close()
		builds, err1 := db.History(t.Context(), state.Query{})
		contexts, err2 := db.Contexts(t.Context())
		if err := errors.Join(err1, err2); err != nil || len(builds) != 1 || builds[0].Ref != "r/a:1" || contexts["/a"].Folder != "" || db.SetAside != "" {
			t.Errorf("%v, %v, %v, set aside %q", builds, contexts, err, db.SetAside)
		}
		if err := errors.Join(db.SetPublished(t.Context(), map[string]digests.Manifest{"r/a:1": "sha256:a"}), db.SaveRemote(t.Context(), map[string]state.Remote{"r/a:1": answer})); err != nil {
			t.Error(err)
		}
	}
}

// TestOldReferencesGo: what was looked at longest ago is forgotten beyond a bound.
func TestOldReferencesGo(t *testing.T) {
	db, ctx := open(t, t.TempDir()), t.Context()
	const bound = 50_000
	old := answer
	old.At = answer.At.Add(-time.Hour)
	if err := errors.Join(db.SaveRemote(ctx, map[string]state.Remote{"old": old}), db.SetPublished(ctx, map[string]digests.Manifest{"old": "sha256:a"})); err != nil {
		t.Fatal(err)
	}
	many, tags := map[string]state.Remote{}, map[string]digests.Manifest{}
	for i := range bound {
		ref := fmt.Sprintf("r/a:%d", i)
		many[ref], tags[ref] = answer, "sha256:b"
	}
	if err := errors.Join(db.SaveRemote(ctx, many), db.SetPublished(ctx, tags)); err != nil {
		t.Fatal(err)
	}
	refs := []string{"old", "r/a:0", fmt.Sprintf("r/a:%d", bound-1)}
	remote, err1 := db.Remote(ctx, refs)
	published, err2 := db.Published(ctx, refs)
	if err := errors.Join(err1, err2); err != nil || len(remote) != 2 || len(published) != 2 || remote["old"].Digest != "" || published["old"] != "" {
		t.Errorf("%v, %v, %v", remote, published, err)
	}
}
