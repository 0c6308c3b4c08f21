package slipway_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/plan"
)

// smallFleet is a configuration and a folder with two images that run nothing.
func smallFleet(t *testing.T, files map[string]string) (dir string, cfg *config.Config) {
	t.Helper()
	dir = t.TempDir()
	all := map[string]string{
		"config.yaml":              "slipway: {}\n",
		"base/changelog":           "base (1.0) stable; urgency=low\n\n  * First.\n\n -- A <a@example.org>  Mon, 02 Feb 2026 10:00:00 +0000\n",
		"base/Dockerfile.template": "FROM scratch\nCOPY hello /\n",
		"base/hello":               "hello\n",
		"app/changelog":            "app (2.0) stable; urgency=low\n\n  * First.\n\n -- A <a@example.org>  Mon, 02 Feb 2026 10:00:00 +0000\n",
		"app/control":              "Package: app\nBuild-Depends: base\n",
		"app/Dockerfile.template":  "FROM {{ 'base' | image_tag }}\nCOPY hello /app\n",
		"app/hello":                "hello\n",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load(config.Sources{File: filepath.Join(dir, "config.yaml"), Env: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return dir, cfg
}

func open(t *testing.T, o slipway.Options) *slipway.Session {
	t.Helper()
	s, err := slipway.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// watch is an Observer that notes what it is told.
type watch struct{ told []string }

func (w *watch) Scanning()               { w.told = append(w.told, "scanning") }
func (w *watch) Planned(p *plan.Plan)    { w.told = append(w.told, "planned") }
func (w *watch) Finished(*slipway.Built) { w.told = append(w.told, "finished") }
func (w *watch) Event(e event.Event) {
	if e.Kind == event.Done {
		w.told = append(w.told, "built "+e.Image)
	}
}

// TestTwoSessions: two sessions of one process, on two fleets and two folders of images, build at the same time; what
// one has built the other does not know, and each knows its own secrets alone.
func TestTwoSessions(t *testing.T) {
	enginetest.Need(t)
	tmp := os.Getenv("TMPDIR")
	var all sync.WaitGroup
	for _, name := range []string{"one", "two"} {
		all.Go(func() {
			dir, cfg := smallFleet(t, map[string]string{
				"config.yaml": "password: secret-of-" + name + "\nusername: u\n",
				"app/hello":   name,
			})
			var mu sync.Mutex
			var notices []string
			s := open(t, slipway.Options{Config: cfg, Root: filepath.Join(dir, "root"), Notify: func(n slipway.Notice) {
				mu.Lock()
				defer mu.Unlock()
				notices = append(notices, n.Text)
			}})
			w := &watch{}
			built, err := s.Build(t.Context(), slipway.BuildOptions{PlanOptions: slipway.PlanOptions{Directory: dir}, Observer: w})
			if err != nil || !built.Summary.Good() || strings.Join(w.told, ", ") != "scanning, planned, built base:1.0, built app:2.0, finished" {
				t.Errorf("%s: %v, %+v, told: %q, %q", name, err, built, w.told, notices)
				return
			}
			images, err := s.Images(t.Context())
			if err != nil || len(images) != 2 {
				t.Errorf("%s: %v, %v", name, images, err)
			}
			if got := s.Text("secret-of-one, secret-of-two"); strings.Contains(got, "secret-of-"+name) || !strings.Contains(got, "secret-of-") {
				t.Errorf("%s hides: %s", name, got)
			}
			p, err := s.Plan(t.Context(), slipway.PlanOptions{Directory: dir})
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			for _, step := range p.Plan.Steps {
				if step.Action != plan.UpToDate {
					t.Errorf("%s: %s is %s", name, step.Image.Ref, step.Action)
				}
			}
		})
	}
	all.Wait()
	if now := os.Getenv("TMPDIR"); now != tmp {
		t.Errorf("TMPDIR is %q, not %q", now, tmp)
	}
}

// TestWarnedEachTime: a session that plans again says again what is wrong, and once in each call.
func TestWarnedEachTime(t *testing.T) {
	dir, cfg := smallFleet(t, map[string]string{"app/control": "Package: app\nBuild-Depends: base, nobody\n"})
	said := 0
	s := open(t, slipway.Options{Config: cfg, Root: filepath.Join(dir, "root"), Notify: func(n slipway.Notice) {
		if n.Kind == slipway.Warning && strings.Contains(n.Text, "nobody") {
			said++
		}
	}})
	for i := range 2 {
		p, err := s.Plan(t.Context(), slipway.PlanOptions{Directory: dir})
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		if said != i+1 {
			t.Errorf("after %d plans it was said %d times", i+1, said)
		}
	}
}

// TestCallsOnAFleet: what reads and writes definitions prints nothing and needs no engine.
func TestCallsOnAFleet(t *testing.T) {
	dir, cfg := smallFleet(t, nil)
	s, ctx := open(t, slipway.Options{Config: cfg, Root: filepath.Join(dir, "root")}), t.Context()
	f, err := s.Scan(ctx, dir)
	if err != nil || len(f.Images) != 2 {
		t.Fatalf("%v, %v", f, err)
	}
	f, err = s.Render(ctx, dir, "app")
	if err != nil {
		t.Fatal(err)
	}
	app, err := f.Find("app")
	if err != nil || f.Recipe(app).Dockerfile.Text != "FROM base:1.0\nCOPY hello /app" {
		t.Errorf("%v, %q", err, f.Recipe(app).Dockerfile.Text)
	}
	report, err := s.Lint(ctx, dir, slipway.Given{})
	if err != nil || report.Fails("error") {
		t.Errorf("%+v, %v", report, err)
	}
	o := slipway.UpdateOptions{Directory: dir, Name: "base", Reason: "why", Author: "A", Email: "a@example.org"}
	if edits, err := s.PlanUpdate(ctx, o); err != nil || len(edits) != 2 {
		t.Errorf("%v, %v", edits, err)
	}
	planned := 0
	o.Planned = func(edits []fleet.Edit) { planned = len(edits) }
	if edits, err := s.Update(ctx, o); err != nil || len(edits) != 2 || planned != 2 {
		t.Errorf("%v, %d, %v", edits, planned, err)
	}
	p, err := s.Plan(ctx, slipway.PlanOptions{Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if step, err := p.Find("app"); err != nil || step.Image.Tag != "2.0-s1" || step.Action != plan.Build {
		t.Errorf("%+v, %v", step, err)
	}
	made, err := p.MadeFrom(ctx, p.Plan.Steps[1].Image)
	if err != nil || len(made.Parents) != 1 || made.Parents[0] != "base:1.0-s1" || made.Known {
		t.Errorf("%+v, %v", made, err)
	}
	old, err := s.PlanPrune(ctx, slipway.PruneOptions{Directory: dir, Looking: true})
	if err != nil || len(old.Removals) != 0 {
		t.Errorf("%+v, %v", old, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "root")); !os.IsNotExist(err) {
		t.Errorf("looking made the folder of images: %v", err)
	}
	var usage *slipway.UsageError
	if _, err := s.Scan(ctx, ""); !errors.As(err, &usage) {
		t.Errorf("no directory and no list: %v", err)
	}
}
