package facts_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/facts"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/imagetest/fleettest"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/state"
	"github.com/slipway-build/slipway/store"
)

// yard is a fleet with a store and a state in which all of it was built.
type yard struct {
	t       *testing.T
	dir     string
	fleet   *fleet.Fleet
	sources facts.Sources
}

func newYard(t *testing.T, names ...string) *yard {
	y := &yard{t: t, dir: t.TempDir()}
	for _, name := range names {
		y.write("images/"+name+"/Dockerfile.template", "FROM scratch\nCOPY . /\n")
		y.write("images/"+name+"/file", "content")
		y.write("images/"+name+"/changelog", name+" (1) stable; urgency=medium\n\n  * Change.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n")
	}
	db, err := state.Open(t.Context(), y.dir)
	y.must(err)
	t.Cleanup(func() { db.Close() })
	var built []store.Image
	y.sources = facts.Sources{
		Stored: func(context.Context) ([]store.Image, error) { return built, nil },
		Check:  func(context.Context, []*store.Image) error { return nil },
		State:  db, Level: 1,
		Test:      fleettest.Test{Test: imagetest.Test{Command: "sh", Args: []string{"{path}/test.sh"}}},
		Unwritten: func(_ context.Context, err error) error { return err },
	}
	y.fleet, err = fleet.Scan(t.Context(), fleet.ScanOptions{
		Dir: filepath.Join(y.dir, "images"), Config: &config.Config{Registry: "registry.example"}, Platform: "linux/amd64",
		ParseDockerfile: func([]byte, map[string]string, string) (fleet.Dockerfile, error) { return fleet.Dockerfile{}, nil },
	})
	y.must(err)
	d, err := y.sources.Decide(t.Context(), y.fleet, plan.Options{})
	y.must(err)
	run, err := db.BeginRun(t.Context(), state.Run{Began: time.Now()})
	y.must(err)
	for _, img := range y.fleet.Images {
		y.must(d.Inputs.Need(t.Context(), map[*fleet.Image][]inputs.Mark{img: {{}}}))
		parts := d.Inputs.Images[img].Under("").On(nil)
		data, err := json.Marshal(parts)
		y.must(err)
		b := state.Build{Run: run, Ref: img.Ref, Name: img.Name, Version: string(img.Version), Platform: "linux/amd64", Inputs: parts.Digest(), Parts: data, Tree: parts.Tree}
		b.ID, err = db.BeginBuild(t.Context(), b)
		y.must(err)
		listing, err := d.Inputs.Listing(t.Context(), img)
		y.must(err)
		y.must(db.SetInputs(t.Context(), b, listing))
		b.Ended, b.Outcome, b.Digest = time.Now(), "built", digests.Manifest("sha256:"+img.Name)
		y.must(db.EndBuild(t.Context(), b))
		built = append(built, store.Image{Ref: img.Ref, Digest: b.Digest, Tested: "none", Inputs: b.Inputs, Level: 1})
	}
	return y
}

func (y *yard) must(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) write(name, text string) {
	y.t.Helper()
	path := filepath.Join(y.dir, name)
	y.must(os.MkdirAll(filepath.Dir(path), 0o755))
	y.must(os.WriteFile(path, []byte(text), 0o644))
}

// spoil makes what the state knows of builds unreadable, but for one image's.
func (y *yard) spoil(but string) {
	y.t.Helper()
	raw, err := sql.Open("sqlite", y.sources.State.Path())
	y.must(err)
	defer raw.Close()
	_, err = raw.Exec("UPDATE builds SET tail = iif(name = ?, 'null', '{')", but)
	y.must(err)
}

func (y *yard) decide() ([]string, error) {
	d, err := y.sources.Decide(y.t.Context(), y.fleet, plan.Options{})
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, s := range d.Plan.Steps {
		lines = append(lines, fmt.Sprint(s.Image.Name, ": ", s.Action, ": ", s.Reasons[0].Text()))
	}
	return lines, nil
}

// TestOnlyWhatChangedIsRemembered: a plan reads of the state what images were made from that are other than they
// were, and nothing of the others.
func TestOnlyWhatChangedIsRemembered(t *testing.T) {
	y := newYard(t, "app", "base", "tool")
	y.spoil("")
	got, err := y.decide()
	want := []string{"app: up to date: built; it has no test", "base: up to date: built; it has no test", "tool: up to date: built; it has no test"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("nothing changed: %v (-want +got)\n%s", err, diff)
	}
	y.write("images/base/file", "other content")
	if _, err := y.decide(); !state.Damaged(err) {
		t.Errorf("what was spoiled was not read: %v", err)
	}
	y.spoil("base")
	want[1] = "base: build: files changed: file"
	if got, err = y.decide(); cmp.Diff(want, got) != "" || err != nil {
		t.Errorf("base changed: %v (-want +got)\n%s", err, cmp.Diff(want, got))
	}
}
