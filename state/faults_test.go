package state_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/state"
)

// filled is a folder with a state of many pages, closed.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	db := open(t, dir)
	run := beginRun(t, db)
	for i := range 40 {
		b := example(run, fmt.Sprintf("image-%d", i), "1", "built")
		b.Tree = fmt.Sprint("sha256:", i)
		add(t, db, b, strings.Repeat(fmt.Sprint("listing ", i), 50))
		if err := db.SaveContexts(t.Context(), []state.Context{{Folder: fmt.Sprint("/", i), Digests: map[string]string{"tree": "d"}, Stamp: []byte("s"), Entries: make([]byte, 500)}}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.SetPublished(t.Context(), map[string]digests.Manifest{b.Ref: "sha256:a"}), db.SaveRemote(t.Context(), map[string]state.Remote{b.Ref: answer})); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// use does what a run does with a state.
func use(ctx context.Context, db *state.DB) error {
	_, err1 := db.Runs(ctx, 1)
	_, err2 := db.Unended(ctx)
	_, err3 := db.Contexts(ctx)
	builds, err4 := db.History(ctx, state.Query{})
	for _, b := range builds {
		_, err := db.Tree(ctx, b.Tree)
		err4 = errors.Join(err4, err)
	}
	_, _, err5 := db.Newest(ctx, "registry.example/app:1", "linux/amd64", true)
	_, err6 := db.Remote(ctx, []string{"registry.example/image-1:1", "registry.example/image-30:1"})
	_, err7 := db.Published(ctx, []string{"registry.example/image-1:1", "registry.example/image-30:1"})
	return errors.Join(err1, err2, err3, err4, err5, err6, err7, db.Forget(ctx, []string{"registry.example/app:1"}, nil))
}

// TestDamageIsFound: whichever page is overwritten, what SQLite or the decoders say of it is Damaged,
// and after Renew there is a state that works.
func TestDamageIsFound(t *testing.T) {
	dir := filled(t)
	path := filepath.Join(dir, state.FileName)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	r := rand.New(rand.NewPCG(3, 5))
	found := 0
	for n := range len(sound) / page {
		data := append([]byte{}, sound...)
		for i := range page {
			data[n*page+i] = byte(r.Uint32())
		}
		if err := errors.Join(os.WriteFile(path, data, 0o600), os.RemoveAll(path+".damaged")); err != nil {
			t.Fatal(err)
		}
		db := open(t, dir)
		if err := use(t.Context(), db); err != nil {
			found++
			if !state.Damaged(err) {
				t.Errorf("page %d: not seen as damage: %v", n, err)
				continue
			}
			if err := db.Renew(t.Context()); err != nil || db.SetAside != path+".damaged" {
				t.Fatalf("page %d: %v, set aside %q", n, err, db.SetAside)
			}
			if left, err := os.ReadFile(db.SetAside); err != nil || len(left) < page {
				t.Errorf("page %d: the file that was set aside: %d bytes, %v", n, len(left), err)
			}
		}
		if err := use(t.Context(), db); err != nil {
			t.Errorf("page %d: after Renew: %v", n, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if found < 5 {
		t.Errorf("only %d pages mattered: the test proves little", found)
	}
}

// TestRenewTwice: who comes second leaves alone what the first has begun.
func TestRenewTwice(t *testing.T) {
	dir := filled(t)
	first, second := open(t, dir), open(t, dir)
	if err := first.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	beginRun(t, first)
	if err := second.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runs, err := second.Runs(t.Context(), 5); err != nil || len(runs) != 1 {
		t.Errorf("the second sees the runs %v, %v", runs, err)
	}
	if builds, err := second.History(t.Context(), state.Query{}); err != nil || len(builds) != 0 {
		t.Errorf("the second sees %d builds, %v", len(builds), err)
	}
}

func TestReadOnly(t *testing.T) {
	dir := filled(t)
	db, err := state.OpenReadOnly(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if builds, err := db.History(t.Context(), state.Query{}); err != nil || len(builds) != 40 {
		t.Errorf("%d builds, %v", len(builds), err)
	}
	if err := db.SaveContexts(t.Context(), []state.Context{{Folder: "/new"}}); err != nil {
		t.Error(err)
	}
	const ref = "registry.example/image-1:1"
	if err := db.SaveRemote(t.Context(), map[string]state.Remote{ref: {}}); err != nil {
		t.Error(err)
	}
	if remote, err := db.Remote(t.Context(), []string{ref}); err != nil || remote[ref].Digest != answer.Digest {
		t.Errorf("%v, %v", remote, err)
	}
	if err := db.SetPublished(t.Context(), map[string]digests.Manifest{ref: ""}); !state.Unwritable(err) {
		t.Errorf("SetPublished: %v", err)
	}
	if published, err := db.Published(t.Context(), []string{ref}); err != nil || len(published) != 1 {
		t.Errorf("%d published, %v", len(published), err)
	}
	if _, err := db.BeginRun(t.Context(), state.Run{Began: day}); err == nil || !state.Unwritable(err) || state.Damaged(err) {
		t.Errorf("BeginRun: %v", err)
	}
	if err := db.Renew(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("Renew: %v", err)
	}
	if err := use(t.Context(), db); err != nil {
		t.Errorf("in memory: %v", err)
	}
	db.Close()
	if builds, err := open(t, dir).History(t.Context(), state.Query{}); err != nil || len(builds) != 40 {
		t.Errorf("the file holds %d builds, %v", len(builds), err)
	}
	if _, err := state.OpenReadOnly(t.Context(), t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

func TestMemory(t *testing.T) {
	db, err := state.Memory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	add(t, db, example(beginRun(t, db), "app", "1", "built"), "listing")
	if builds, err := db.History(t.Context(), state.Query{}); err != nil || len(builds) != 1 {
		t.Errorf("%d builds, %v", len(builds), err)
	}
	if err := use(t.Context(), db); err != nil {
		t.Error(err)
	}
}

// TestLocked: what only saves time does not wait long for whoever holds the write lock.
func TestLocked(t *testing.T) {
	dir := filled(t)
	raw, err := sql.Open("sqlite", filepath.Join(dir, state.FileName)+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	tx, err := raw.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	start := time.Now()
	db := open(t, dir)
	if _, err := db.Contexts(t.Context()); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"SaveContexts": db.SaveContexts(t.Context(), []state.Context{{Folder: "/new"}}),
		"SaveRemote":   db.SaveRemote(t.Context(), map[string]state.Remote{"r/new:1": answer}),
	} {
		if !state.Unwritable(err) || state.Damaged(err) || time.Since(start) > 12*time.Second {
			t.Errorf("%s, after %s: %v", what, time.Since(start), err)
		}
	}
}
