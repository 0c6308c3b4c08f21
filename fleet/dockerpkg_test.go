package fleet_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/version"
)

// dockerPkg is what docker-pkg makes of odd values; see testdata/make-dockerpkg.py. A result of nil
// is an error.
type dockerPkg struct {
	Keys []struct {
		Config, Key      string
		Probes, Baseline map[string]any
		Cases            []struct {
			Value string
			Got   map[string]any
		}
	}
	Filters struct {
		Config string
		Cases  [][]any
	}
}

func readDockerPkg(t *testing.T) (d dockerPkg) {
	t.Helper()
	data, err := os.ReadFile("testdata/dockerpkg.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// meantKeys are the differences of docs/compat.md, "key: value, result".
var meantKeys = []*regexp.Regexp{
	regexp.MustCompile(`^apt_options: ~, a-apt_install`),     // nothing, not None
	regexp.MustCompile(`^\w+: ~, (use entry|use update_id)`), // null is as if not given
	regexp.MustCompile(`^namespace: /abs, load`),             // no name of an image
	regexp.MustCompile(`^known_uid_mappings: (text|'5'|/abs|'it.*|\[.+\]), load$`),
	regexp.MustCompile(`^verify_args: (text|'5'|/abs|'it.*), load$`),
	regexp.MustCompile(`^update_id: \S.*, use update_id$`), // no version of Debian, no tag
	regexp.MustCompile(`^scan_workers: 9{20}, use workers`),
	regexp.MustCompile(`^container_limits: memory=x, load$`),
	regexp.MustCompile(`: .*\{.*(2026|!!binary).*\}, a-variable$`), // a date in a mapping is printed as text
}

func meant(difference string) bool {
	return slices.ContainsFunc(meantKeys, func(r *regexp.Regexp) bool { return r.MatchString(difference) })
}

var goComposite = regexp.MustCompile(`map\[|&\{|%!|0x[0-9a-f]{6}|<nil>`)

// TestKeysAsDockerPkg: where docker-pkg works with a value Slipway gives the same, and what is
// an error here says file and line.
func TestKeysAsDockerPkg(t *testing.T) {
	compared := 0
	for _, k := range readDockerPkg(t).Keys {
		t.Chdir(t.TempDir())
		for name, text := range k.Probes {
			define(t, "fleet/"+name, name, "1", text.(string), "")
		}
		line := strings.Count(k.Config, "\n") + 1
		for _, c := range k.Cases {
			write(t, "config.yaml", k.Config+k.Key+": "+c.Value+"\n")
			what := k.Key + ": " + c.Value
			theirs := map[string]any{}
			broken := ""
			for name, result := range k.Baseline {
				if got, differs := c.Got[name]; differs {
					result = got
				}
				if theirs[name] = result; result == nil && k.Baseline[name] != nil {
					broken = name
				}
			}
			compared += len(theirs)
			ours, err := slipwayMakes(t)
			if err != nil {
				text := err.Error()
				if !strings.HasPrefix(text, fmt.Sprintf("config.yaml:%d: ", line)) || !strings.Contains(text, "\nhint: ") || goComposite.MatchString(text) {
					t.Errorf("%s: error without place or hint, or with Go's values: %v", what, err)
				}
				if broken == "" && !meant(what+", load") {
					t.Errorf("%s: docker-pkg works, here: %v", what, err)
				}
				continue
			}
			for name, want := range theirs {
				got, known := ours[name]
				if want == nil || !known { // what docker-pkg cannot do may work here
					continue
				}
				if fmt.Sprint(got) != fmt.Sprint(want) && !meant(what+", "+name) {
					t.Errorf("%s, %s:\ndocker-pkg %v\n   slipway %v", what, name, want, got)
				}
			}
		}
	}
	if compared < 8000 {
		t.Errorf("only %d results compared", compared)
	}
}

// slipwayMakes loads config.yaml and renders the fleet.
func slipwayMakes(t *testing.T) (map[string]any, error) {
	t.Helper()
	cfg, err := config.Load(config.Sources{File: "config.yaml"})
	if err != nil {
		return nil, err
	}
	got := map[string]any{}
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Dir: "fleet", Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range f.Images {
		got[img.Name] = f.Recipe(img).Dockerfile.Text
		if img.Err != nil {
			got[img.Name] = img.Err
		}
	}
	args := []string{}
	for _, arg := range cfg.VerifyArgs {
		args = append(args, strings.NewReplacer("{image}", "IMAGE", "{path}", "PATH").Replace(arg))
	}
	got["use verify"], got["use base_images"] = strings.Join(args, "|"), strings.Join(cfg.BaseImages, " ")
	got["use workers"], got["use command"], got["use numeric"] = cfg.ScanWorkers, cfg.VerifyCommand, cfg.ForceNumericUser
	next, err := version.Updates(cfg.UpdateID).Next("1.2-3")
	got["use update_id"] = string(next)
	if err != nil {
		got["use update_id"] = err
	}
	distribution := cfg.Distribution
	if distribution == "" && cfg.Place("distribution") == "" { // that of the entry below, not docker-pkg's default
		distribution = "wikimedia"
	}
	got["use entry"] = fmt.Sprintf("x (1) %s; urgency=high|-- %s <%s>  Thu, 01 Jan 2026 00:00:00 +0000",
		distribution, cfg.FallbackAuthor, cfg.FallbackEmail)
	got["use limits"] = "none"
	if cfg.ContainerLimits != (config.Limits{}) {
		got["use limits"] = "some"
	}
	return got, nil
}

// TestFiltersAsDockerPkg: docker-pkg's filters take what docker-pkg's take, and print it alike.
func TestFiltersAsDockerPkg(t *testing.T) {
	d := readDockerPkg(t).Filters
	t.Chdir(t.TempDir())
	write(t, "config.yaml", d.Config)
	for i, c := range d.Cases {
		define(t, fmt.Sprintf("fleet/f%d", i), fmt.Sprintf("f%d", i), "1", c[0].(string), "")
	}
	if len(d.Cases) < 200 {
		t.Errorf("only %d cases", len(d.Cases))
	}
	ours, err := slipwayMakes(t)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range d.Cases {
		got := ours[fmt.Sprintf("f%d", i)]
		if err, failed := got.(error); failed {
			if place := fmt.Sprintf("fleet/f%d/Dockerfile.template:1: ", i); !strings.HasPrefix(err.Error(), place) || goComposite.MatchString(err.Error()) {
				t.Errorf("%s: error without place, or with Go's values: %v", c[0], err)
			}
		}
		if c[1] != nil && got != c[1] {
			t.Errorf("%s:\ndocker-pkg %v\n   slipway %v", c[0], c[1], got)
		}
	}
}
