package fleet_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/fleet/source"
)

// TestTooMuchTogether: no single Dockerfile is too large, all together are.
func TestTooMuchTogether(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	for i := range 280 {
		name := fmt.Sprintf("i%03d", i)
		size := 1_000_000
		if i == 42 {
			size++
		}
		define(t, "images/"+name, name, "1.0", fmt.Sprintf("{{ 'x' * %d }}", size), "")
	}
	o := scanOptions(t, "images")
	o.ParseDockerfile = nil
	_, err := fleet.Scan(t.Context(), o)
	const want = "images/i042/Dockerfile.template: cannot keep the rendered Dockerfiles: together they have 280000001 bytes, more than the 268435456 allowed\nhint: the largest is that of i042"
	if err == nil || err.Error() != want {
		t.Errorf("got  %.300v\nwant %s", err, want)
	}
	if _, err = fleet.Inspect(t.Context(), o); err == nil || err.Error() != want {
		t.Errorf("inspecting: got  %.300v\nwant %s", err, want)
	}
}

// TestManyWarnings: a template cannot fill the memory with what it is warned about.
func TestManyWarnings(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	define(t, "images/a", "a", "1.0", "FROM scratch\n{% for i in range(1000) %}{% set x = (i ~ 'x' * 10000)|uid %}{% endfor %}\n", "")
	f, err := fleet.Scan(t.Context(), scanOptions(t, "images"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Warnings); n == 0 || n > 100 {
		t.Errorf("%d warnings", n)
	}
	for _, w := range f.Warnings {
		if len(w.Text) > 2100 || !strings.HasPrefix(w.Text, "UID mapping") {
			t.Fatalf("a warning of %d bytes: %.100s", len(w.Text), w.Text)
		}
	}
}

// TestManyLinesTogether: where lines come from may be more than the lines themselves. A scan keeps
// none of it, a survey does.
func TestManyLinesTogether(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	for i := range 90 {
		name := fmt.Sprintf("i%03d", i)
		lines := 95_000
		if i == 42 {
			lines++
		}
		define(t, "images/"+name, name, "1.0", fmt.Sprintf("{{ '\\n' * %d }}", lines), "")
	}
	o := scanOptions(t, "images")
	o.ParseDockerfile = nil
	if _, err := fleet.Scan(t.Context(), o); err != nil {
		t.Errorf("scanning: %v", err)
	}
	const want = "images/i042/Dockerfile.template: cannot keep where the lines of the rendered Dockerfiles come from: together that is 8550091 places, more than the 8388608 allowed\nhint: the largest is that of i042"
	if _, err := fleet.Inspect(t.Context(), o); err == nil || err.Error() != want {
		t.Errorf("inspecting: got  %.300v\nwant %s", err, want)
	}
}

// TestManyStaleLines: a template is inspected once, however many lines of it have a problem.
func TestManyStaleLines(t *testing.T) {
	for name, blank := range map[string]int{"lines that are known": 0, "more lines than anybody reads": 100_000} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			define(t, "images/b", "b", "1.0", "FROM scratch\n", "")
			define(t, "images/a", "a", "1.0", fmt.Sprintf("{{ '\\n' * %d }}{%% for i in range(30000) %%}FROM registry.example/b:0\n{%% endfor %%}", blank), "")
			o := scanOptions(t, "images")
			o.ParseDockerfile = func(data []byte, _ map[string]string, _ string) (fleet.Dockerfile, error) {
				var d fleet.Dockerfile
				for i, line := range bytes.Split(data, []byte("\n")) {
					if ref, ok := bytes.CutPrefix(line, []byte("FROM ")); ok {
						d.Uses = append(d.Uses, fleet.Use{Ref: string(ref), Line: i + 1, Kind: "FROM"})
					}
				}
				return d, nil
			}
			start := time.Now()
			f, err := fleet.Scan(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("took %v", time.Since(start))
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("took %v", d)
			}
			if len(f.Warnings) == 0 || f.Warnings[0].Kind != fault.OutdatedReference {
				t.Errorf("%d warnings: %.300v", len(f.Warnings), f.Warnings)
			}
		})
	}
}

func scanListed(t *testing.T, list []config.Listed) (*fleet.Fleet, error) {
	t.Helper()
	found, release, err := fleet.FindListed(t.Context(), list, &source.Repositories{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	o := scanOptions(t, "")
	o.Dir, o.ParseDockerfile, o.Listed = "", nil, found
	return fleet.Scan(t.Context(), o)
}

// TestListedBounds: the Dockerfiles of the configuration's list have the bounds of rendered ones.
func TestListedBounds(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	const most = 1 << 20
	write(t, "fits/Dockerfile", strings.Repeat("#", most))
	write(t, "large/Dockerfile", strings.Repeat("#", most+1))
	entry := func(name, folder string) config.Listed {
		return config.Listed{Name: name, From: "./" + folder, Dockerfile: "Dockerfile", Tags: []string{"1"}, Path: "config.yaml", Line: 1}
	}
	f, err := scanListed(t, []config.Listed{entry("fits", "fits"), entry("large", "large")})
	if err != nil {
		t.Fatal(err)
	}
	if img := f.Lookup("fits"); img.Err != nil || len(f.Recipe(img).Dockerfile.Text) != most {
		t.Errorf("%d bytes, %v", len(f.Recipe(img).Dockerfile.Text), img.Err)
	}
	if img := f.Lookup("large"); img.Err == nil || !strings.Contains(img.Err.Error(), "large/Dockerfile: cannot read the Dockerfile: it is larger than 1048576 bytes") {
		t.Errorf("got %v", img.Err)
	}
	list := []config.Listed{}
	for i := range 257 {
		list = append(list, entry(fmt.Sprintf("i%03d", i), "fits"))
	}
	if _, err = scanListed(t, list[:256]); err != nil {
		t.Error(err)
	}
	const want = "fits/Dockerfile: cannot keep the rendered Dockerfiles: together they have 269484032 bytes, more than the 268435456 allowed\nhint: the largest is that of i000"
	if _, err = scanListed(t, list); err == nil || err.Error() != want {
		t.Errorf("got  %.300v\nwant %s", err, want)
	}
}
