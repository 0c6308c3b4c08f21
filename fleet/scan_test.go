package fleet_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
)

var update = flag.Bool("update", false, "write what the scan tests get into testdata/scan")

// TestScan scans the trees in testdata/scan. Each is a txtar archive: the comment holds directives
// ("link PATH TARGET", "suffix TEXT"), fleet/ is scanned with config.yaml, want is the outcome.
func TestScan(t *testing.T) {
	archives, err := filepath.Glob("testdata/scan/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			file, err := filepath.Abs(name)
			if err != nil {
				t.Fatal(err)
			}
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			o := unpack(t, archive)
			got := outcome(fleet.Scan(t.Context(), o))
			want := &archive.Files[len(archive.Files)-1]
			if want.Name != "want" {
				t.Fatalf("the last file is %s, not want", want.Name)
			}
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for _, workers := range []int{1, 2, 16} {
				o.Config.ScanWorkers = workers
				if diff := cmp.Diff(got, outcome(fleet.Scan(t.Context(), o))); diff != "" {
					t.Errorf("%d workers give something else:\n%s", workers, diff)
				}
			}
		})
	}
}

// unpack writes the archive into the current folder and returns the options to scan it.
func unpack(t *testing.T, archive *txtar.Archive) fleet.ScanOptions {
	t.Helper()
	for _, f := range archive.Files[:len(archive.Files)-1] {
		write(t, f.Name, string(f.Data))
	}
	o := scanOptions(t, "fleet")
	o.Platform = "linux/amd64"
	for line := range strings.Lines(string(archive.Comment)) {
		word := strings.Fields(line)
		if len(word) == 0 || word[0] == "#" {
			continue
		}
		switch word[0] {
		case "link":
			if err := os.Symlink(word[2], word[1]); err != nil {
				t.Fatal(err)
			}
		case "suffix":
			o.TagSuffix = word[1]
		default:
			t.Fatalf("unknown directive %q", line)
		}
	}
	return o
}

func write(t testing.TB, name, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o666); err != nil {
		t.Fatal(err)
	}
}

// scanOptions reads config.yaml of the current folder, if there is one.
func scanOptions(t testing.TB, dir string) fleet.ScanOptions {
	t.Helper()
	if _, err := os.Stat("config.yaml"); err != nil {
		write(t, "config.yaml", "registry: registry.example\nscan_workers: 4\n")
	}
	cfg, err := config.Load(config.Sources{File: "config.yaml", FileExplicit: true, Env: func(name string) string {
		if name == "XDG_CONFIG_HOME" {
			return t.TempDir()
		}
		return ""
	}})
	if err != nil {
		t.Fatal(err)
	}
	return fleet.ScanOptions{Dir: dir, Config: cfg, ParseDockerfile: dockerfile.Parse}
}

// outcome writes down all that a scan found.
func outcome(f *fleet.Fleet, err error) string {
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "# no fleet\n%v\n", err)
		return b.String()
	}
	fmt.Fprintln(&b, "# order")
	for _, img := range f.Order() {
		fmt.Fprintf(&b, "%s = %s in %s:%d %s\n", img.Name, img.Ref, img.Dir, img.Line, img.Date.Format(time.DateOnly))
		for _, d := range img.Depends {
			fmt.Fprintf(&b, "  %s%s %s:%d\n", d.Name, flags(d), d.File, d.Line)
		}
	}
	for _, img := range f.Images {
		if img.Err != nil {
			fmt.Fprintf(&b, "# error of %s\n%v\n", img.Name, img.Err)
		}
	}
	if f.Targets() != f {
		targets(&b, f.Targets())
	}
	section(&b, "broken", f.Broken)
	section(&b, "warnings", f.Warnings)
	section(&b, "missing", f.MissingDependencies())
	return b.String()
}

func flags(d fleet.Dependency) string {
	s := ""
	for _, flag := range []struct {
		set  bool
		text string
	}{{d.Declared, " declared"}, {d.Used, " used"}, {d.Image == nil, " elsewhere"}, {d.Image != nil && !d.Orders(), " unordered"}} {
		if flag.set {
			s += flag.text
		}
	}
	return s
}

// targets tells of each what its Dockerfile says, and what it needs on which platform.
func targets(b *strings.Builder, f *fleet.Fleet) {
	fmt.Fprintln(b, "# targets")
	for _, img := range f.Order() {
		text := strings.ReplaceAll(f.Recipe(img).Dockerfile.Text, "\n", "; ")
		fmt.Fprintf(b, "%s for %s of %v: %s\n", img.Name, img.Platform, img.Platforms, text)
		for _, d := range img.Depends {
			fmt.Fprintf(b, "  %s", d.Name)
			if d.Image != nil {
				fmt.Fprintf(b, " for %s", d.Image.Platform)
			}
			fmt.Fprintln(b, flags(d))
		}
		if len(img.External) > 0 {
			fmt.Fprintf(b, "  elsewhere: %s\n", strings.Join(img.External, " "))
		}
		if img.Err != nil {
			fmt.Fprintf(b, "  error: %v\n", img.Err)
		}
	}
}

func section(b *strings.Builder, title string, problems []fleet.Problem) {
	if len(problems) > 0 {
		fmt.Fprintln(b, "# "+title)
	}
	for _, p := range problems {
		fmt.Fprintln(b, p.Error())
	}
}

func TestScanStopsWithItsContext(t *testing.T) {
	t.Chdir(t.TempDir())
	define(t, "fleet/base", "base", "1.0", "FROM scratch\n", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := fmt.Errorf("stopped by the test")
	cancel(stopped)
	_, err := fleet.Scan(ctx, scanOptions(t, "fleet"))
	if err == nil || !strings.Contains(err.Error(), "cannot scan fleet: stopped by the test") {
		t.Errorf("got %v", err)
	}
}

// define writes a definition; control may be empty for none.
func define(t testing.TB, dir, name, version, template, control string) {
	t.Helper()
	write(t, dir+"/changelog", entry(name, version))
	write(t, dir+"/Dockerfile.template", template)
	if control != "" {
		write(t, dir+"/control", control)
	}
}

func entry(name, version string) string {
	return fmt.Sprintf("%s (%s) stable; urgency=low\n\n  * Change.\n\n -- Ann Onymous <ann@example.org>  Thu, 01 Jan 2026 10:00:00 +0000\n", name, version)
}

func TestScanCallsWarnInOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"c", "a", "b"} {
		write(t, "fleet/"+name+"/changelog", entry(name, "1"))
	}
	o := scanOptions(t, "fleet")
	var got []fleet.Problem
	o.Warn = func(p fleet.Problem) { got = append(got, p) }
	f, err := fleet.Scan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.Warnings, got); diff != "" || len(got) != 3 || got[0].Path != "fleet/a" {
		t.Errorf("got %v\n%s", got, diff)
	}
}

// TestScanIsDeterministic scans a random fleet, faults included, with other numbers of workers.
func TestScanIsDeterministic(t *testing.T) {
	t.Chdir(t.TempDir())
	r := rand.New(rand.NewPCG(7, 7))
	const n = 200
	for i := range n {
		name := fmt.Sprintf("image-%03d", i)
		template, control := "FROM scratch\nUSER {{ 'stranger' | uid }}\n", "Package: "+name+"\n"
		for range r.IntN(3) * min(i, 1) {
			other := fmt.Sprintf("image-%03d", r.IntN(i))
			switch r.IntN(4) {
			case 0:
				template += fmt.Sprintf("COPY --from={{ '%s' | image_tag }} / /\n", other)
			case 1:
				template += fmt.Sprintf("COPY --from=registry.example/%s:0.1 / /\n", other)
			case 2:
				control += fmt.Sprintf("Depends: %s, gone-%d\nBuild-Depends: image-000\n", other, i%3)
			case 3:
				template += []string{"NONSENSE\n", "RUN {{ nothing }}\n", "FROM {{ 'nobody' | image_tag }}\n"}[r.IntN(3)]
			}
		}
		define(t, fmt.Sprintf("fleet/%d/%s", i%7, name), name, "1.0", template, control)
		if r.IntN(20) == 0 {
			write(t, fmt.Sprintf("fleet/%d/broken-%d/changelog", i%7, i), "Nonsense.\n")
			write(t, fmt.Sprintf("fleet/%d/broken-%d/Dockerfile.template", i%7, i), "FROM scratch\n")
		}
	}
	o := scanOptions(t, "fleet")
	o.Config.ScanWorkers = 1
	want := outcome(fleet.Scan(t.Context(), o))
	for _, word := range []string{"# error of", "# broken", "# missing", "missing from control", "the fleet has"} {
		if !strings.Contains(want, word) {
			t.Errorf("no %q in the outcome: the test tests too little", word)
		}
	}
	for _, workers := range []int{2, 3, 8, 64, 1000} {
		o.Config.ScanWorkers = workers
		if diff := cmp.Diff(want, outcome(fleet.Scan(t.Context(), o))); diff != "" {
			t.Errorf("%d workers: (-want +got)\n%s", workers, diff)
		}
	}
}

// An update reaches what needs an image on another platform alone.
func TestUpdateOnEveryPlatform(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "slipway: {platforms: [amd64, arm64]}\n")
	for name, text := range map[string]string{
		"tool": "FROM scratch", "mid": `{% if arch == "arm64" %}FROM {{ "tool" | image_tag }}{% else %}FROM scratch{% endif %}`, "top": `FROM {{ "mid" | image_tag }}`, "other": "FROM scratch",
	} {
		write(t, "fleet/"+name+"/Dockerfile.template", text+"\nCOPY changelog /\n")
		write(t, "fleet/"+name+"/changelog", name+" (1) x; urgency=low\n\n  * A.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n")
	}
	o := scanOptions(t, "fleet")
	o.Platform = "linux/amd64"
	f, err := fleet.Scan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	edits, err := fleet.PlanUpdate(f, "tool", fleet.UpdateOptions{Author: "A", Email: "a@example.org", Now: time.Unix(0, 0)})
	var names []string
	for _, e := range edits {
		if names = append(names, e.Image.Name); e.Image != f.Lookup(e.Image.Name) {
			t.Errorf("%s is no image of the list", e.Image.Name)
		}
	}
	if got := strings.Join(names, " "); err != nil || got != "tool mid top" {
		t.Errorf("%s, %v", got, err)
	}
}
