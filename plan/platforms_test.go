package plan_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/version"
)

// scanned reads a fleet on an amd64 machine: lines are "name architectures: needs …", where a need may have "@"
// and a platform behind it.
func scanned(t testing.TB, platforms []platform.Platform, lines ...string) *fleet.Fleet {
	t.Helper()
	dir := t.TempDir()
	for _, line := range lines {
		head, needs, _ := strings.Cut(line, ":")
		name, architectures, _ := strings.Cut(head, " ")
		text := "FROM scratch\n"
		for i, need := range strings.Fields(needs) {
			parent, on, asked := strings.Cut(need, "@")
			if asked {
				on = "--platform=" + on + " "
			}
			text += fmt.Sprintf("FROM %s{{ %q | image_tag }} AS s%d\n", on, parent, i)
		}
		for i := range strings.Fields(needs) {
			text += fmt.Sprintf("COPY --from=s%d / /\n", i)
		}
		for file, text := range map[string]string{
			"Dockerfile.template": text, "control": "Package: x\nArchitecture: " + architectures + "\n",
			"changelog": name + " (1) x; urgency=low\n\n  * A.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n",
		} {
			err := os.MkdirAll(filepath.Join(dir, name), 0o755)
			if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name, file), []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	cfg := config.Default()
	cfg.Registry, cfg.Slipway.Platforms, cfg.Slipway.GitModes = "registry.example", platforms, false
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Dir: dir, Config: cfg, Platform: "linux/amd64", ParseDockerfile: dockerfile.Parse})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// titled is text with the steps' titles.
func titled(p *plan.Plan) []string {
	lines := text(p)
	for i, s := range p.Steps {
		lines[i] = s.Title() + strings.TrimPrefix(lines[i], s.Image.Name)
	}
	return lines
}

// target finds a value of an image.
func target(f *fleet.Fleet, name string, on platform.Platform) *fleet.Image {
	images := f.Targets().Images
	return images[slices.IndexFunc(images, func(i *fleet.Image) bool { return i.Name == name && i.Platform == on })]
}

// dock is a fleet for two platforms, with a registry.
type dock struct {
	fleet *fleet.Fleet
	facts plan.Facts
}

const (
	here  platform.Platform = "linux/amd64"
	there platform.Platform = "linux/arm64"
)

func newDock(t testing.TB, lines ...string) *dock {
	d := &dock{fleet: scanned(t, []platform.Platform{here, there}, lines...)}
	d.facts = plan.Facts{
		Images: map[string]plan.StoredImage{}, Inputs: map[*fleet.Image]inputs.Now{}, Published: map[string]plan.PublishedImage{},
	}
	for _, img := range d.fleet.Targets().Images {
		d.edit(img, "sha256:d")
	}
	return d
}

func (d *dock) edit(img *fleet.Image, dockerfile string) {
	d.facts.Inputs[img] = inputs.Now{Parts: inputs.Parts{Scheme: inputs.Scheme, Level: 1, Platform: string(img.Platform), Dockerfile: dockerfile}}
}

// mark is what a target made from its inputs says of them.
func (d *dock) mark(name string, on platform.Platform) inputs.Mark {
	img := target(d.fleet, name, on)
	parts := d.facts.Inputs[img].Under("").On(img.MadeFrom(func(ref string) digests.Config { return d.facts.Published[ref].Parts[on].ID }))
	return inputs.Mark{Inputs: parts.Digest(), Definition: parts.Definition()}
}

// publish puts an index of some platforms to the registry.
func (d *dock) publish(name string, platforms ...platform.Platform) {
	all := plan.PublishedImage{Digest: "sha256:index", Parts: map[platform.Platform]plan.PublishedImage{}}
	for _, on := range platforms {
		all.Parts[on] = plan.PublishedImage{Digest: all.Digest, ID: digests.Config("sha256:" + string(on)), Mark: d.mark(name, on)}
	}
	d.facts.Published["registry.example/"+name+":1"] = all
}

// publishManifest puts a manifest where an index should be.
func (d *dock) publishManifest(name string, mark inputs.Mark) {
	all := plan.PublishedImage{Digest: "sha256:m", Parts: map[platform.Platform]plan.PublishedImage{}}
	for _, on := range []platform.Platform{here, there} {
		all.Parts[on] = plan.PublishedImage{Digest: all.Digest, ID: "sha256:only", Mark: mark}
	}
	d.facts.Published["registry.example/"+name+":1"] = all
}

func (d *dock) store(name string) {
	d.facts.Images["registry.example/"+name+":1"] = plan.StoredImage{ID: "sha256:s", Tested: true, Inputs: d.mark(name, here).Inputs, Level: 1}
}

const cannot = "foreign: this machine builds for linux/amd64 and cannot run linux/arm64"

func TestPlatforms(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		set   func(*dock)
		o     plan.Options
		want  []string
	}{
		{"nothing is there", []string{"base all:", "app any: base", "none s390x:"}, nil, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: build: never built", "base:1 linux/arm64: " + cannot, "base:1 index: blocked: there is no image for linux/arm64",
			"app:1 linux/amd64: build: never built", "app:1 linux/arm64: " + cannot, "app:1 index: blocked: there is no image for linux/arm64",
			"none:1: skip: its Architecture in control names no platform of the configuration"}},
		{"emulation", []string{"base all:"}, func(d *dock) { d.facts.Emulated = []platform.Platform{"linux/s390x", there} }, plan.Options{}, []string{
			"base:1 linux/amd64: build: never built",
			"base:1 linux/arm64: foreign: this machine builds for linux/amd64; it can run linux/arm64 by emulation, but this version does not build that way",
			"base:1 index: blocked: there is no image for linux/arm64"}},
		{"the store is this machine's", []string{"base all:", "far arm64:"}, func(d *dock) {
			d.store("base")
			d.facts.Images["registry.example/far:1"] = d.facts.Images["registry.example/base:1"]
		}, plan.Options{}, []string{
			"base:1 linux/amd64: up to date: built and tested; not published", "base:1 linux/arm64: " + cannot, "base:1 index: blocked: there is no image for linux/arm64",
			"far:1 linux/arm64: " + cannot}},
		{"all is published", []string{"base all:", "app any: base"}, func(d *dock) { d.publish("base", here, there); d.publish("app", here, there) }, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: published: published", "base:1 linux/arm64: published: published", "base:1 index: published: published",
			"app:1 linux/amd64: published: published", "app:1 linux/arm64: published: published", "app:1 index: published: published"}},
		{"one is other than published", []string{"base all:"}, func(d *dock) { d.publish("base", here, there); d.edit(target(d.fleet, "base", there), "sha256:x") }, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: published: published",
			"base:1 linux/arm64: error: published 1 has other content: add a changelog entry (`slipway update base --reason TEXT`)",
			"base:1 index: blocked: there is no image for linux/arm64"}},
		{"one is absent", []string{"base all:"}, func(d *dock) { d.publish("base", there) }, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: build: never built; the registry has the tag, without linux/amd64", "base:1 linux/arm64: published: published",
			"base:1 index: blocked: its images are not together at the registry, and this version publishes no index"}},
		{"one is absent, and nothing is to be published", []string{"base all:"}, func(d *dock) { d.publish("base", there); d.store("base") }, plan.Options{}, []string{
			"base:1 linux/amd64: up to date: built and tested; the registry has the tag, without linux/amd64", "base:1 linux/arm64: published: published", "base:1 index: skip: not published"}},
		{"a manifest is of the platform whose definition it has", []string{"base all:"}, func(d *dock) { d.publishManifest("base", d.mark("base", there)) }, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: build: never built; the registry has the tag, without linux/amd64", "base:1 linux/arm64: published: published",
			"base:1 index: blocked: its images are not together at the registry, and this version publishes no index"}},
		{"a manifest of unknown origin", []string{"base all:"}, func(d *dock) { d.publishManifest("base", inputs.Mark{}) }, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: published: published", "base:1 linux/arm64: " + cannot + "; the registry has the tag, without linux/arm64", "base:1 index: blocked: there is no image for linux/arm64"}},
		{"a manifest of another definition", []string{"base all:"}, func(d *dock) {
			d.publishManifest("base", d.mark("base", here))
			d.edit(target(d.fleet, "base", here), "sha256:x")
		}, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: error: published 1 has other content: add a changelog entry (`slipway update base --reason TEXT`)",
			"base:1 linux/arm64: " + cannot + "; the registry has the tag, without linux/arm64", "base:1 index: blocked: there is no image for linux/amd64, linux/arm64"}},
		{"selected", []string{"base all:", "app any: base", "more any: base"}, nil, plan.Options{Select: "app:*"}, []string{
			"base:1 linux/amd64: build: never built; needed by app", "base:1 linux/arm64: skip: not selected", "base:1 index: skip: not selected",
			"app:1 linux/amd64: build: never built", "app:1 linux/arm64: " + cannot, "app:1 index: blocked: there is no image for linux/arm64",
			"more:1 linux/amd64: skip: not selected", "more:1 linux/arm64: skip: not selected", "more:1 index: skip: not selected"}},
		{"a child is not published before its parent", []string{"base all:", "app amd64: base"}, func(d *dock) { d.store("base") }, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: up to date: built and tested; not published", "base:1 linux/arm64: " + cannot, "base:1 index: blocked: there is no image for linux/arm64",
			"app:1 linux/amd64: build: never built; not published: what it is made from, base 1, is not published for all its platforms"}},
		{"a parent on another platform", []string{"base all:", "app amd64: base@linux/arm64"}, nil, plan.Options{}, []string{
			"base:1 linux/amd64: build: never built", "base:1 linux/arm64: " + cannot, "base:1 index: blocked: there is no image for linux/arm64",
			"app:1 linux/amd64: blocked: blocked by base for linux/arm64, which is not built here"}},
		{"a published parent on another platform", []string{"base all:", "app amd64: base@linux/arm64 base"}, func(d *dock) { d.publish("base", here, there) }, plan.Options{Publish: true}, []string{
			"base:1 linux/amd64: published: published", "base:1 linux/arm64: published: published", "base:1 index: published: published",
			"app:1 linux/amd64: foreign: this machine has images for linux/amd64 alone, and it is made from base for linux/arm64"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDock(t, test.lines...)
			if test.set != nil {
				test.set(d)
			}
			if diff := cmp.Diff(test.want, titled(plan.Make(d.fleet, d.facts, test.o))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What is published for this machine's platform is what children are built on, whatever the other has.
func TestParentsByPlatform(t *testing.T) {
	d := newDock(t, "base all:", "app amd64: base")
	d.publish("base", here, there)
	app := target(d.fleet, "app", here)
	made := func(id digests.Config) digests.Inputs {
		return d.facts.Inputs[app].Under("").On(app.MadeFrom(func(string) digests.Config { return id })).Digest()
	}
	for id, want := range map[digests.Config]plan.Action{digests.Config("sha256:" + here): plan.UpToDate, digests.Config("sha256:" + there): plan.Build} {
		d.facts.Images["registry.example/app:1"] = plan.StoredImage{ID: "sha256:s", Tested: true, Inputs: made(id), Level: 1}
		if p := plan.Make(d.fleet, d.facts, plan.Options{}); p.Find("app").Action != want {
			t.Errorf("app is made from %s: %q, want %s", id, titled(p), want)
		}
	}
}

// A version that a Dockerfile names on one platform alone is kept at the registry.
func TestPruneByPlatform(t *testing.T) {
	f := scanned(t, []platform.Platform{here, there}, "base all:", "app all: base")
	target(f, "app", there).External = []string{"registry.example/base:0"}
	base := f.Lookup("base")
	tags := plan.PublishedTags{Versions: []version.Version{"1", "0.5", "0"}, Tags: map[string]plan.PublishedTag{
		"0": {Digest: "sha256:0"}, "0.5": {Digest: "sha256:05"}, "1": {Digest: "sha256:1"},
	}}
	pruned := plan.PrunePublished(f, map[*fleet.Image]plan.PublishedTags{base: tags}, plan.PublishedOptions{Keep: 1})
	if len(pruned) != 1 || len(pruned[0].Remove) != 1 || !slices.Equal(pruned[0].Remove[0].Tags, []string{"0.5"}) {
		t.Errorf("%+v", pruned)
	}
}

// TestPlatformsOfRandomFleets: each target comes after what it needs, and each index after its targets. What is
// for this machine is planned as in a fleet that is for it alone; what is for another is never built.
func TestPlatformsOfRandomFleets(t *testing.T) {
	all := []platform.Platform{here, there, "linux/arm/v7"}
	seen := map[plan.Action]int{}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 21))
		var lines, stored []string
		for i := range 1 + r.IntN(6) {
			line := fmt.Sprintf("i%d %s:", i, []string{"all", "any", "amd64", "arm64", "arm64 armhf", "s390x"}[r.IntN(6)])
			for other := range i {
				if r.IntN(3) == 0 {
					line += fmt.Sprintf(" i%d", other)
				}
			}
			if lines = append(lines, line); r.IntN(3) == 0 {
				stored = append(stored, fmt.Sprintf("registry.example/i%d:1", i))
			}
		}
		facts := plan.Facts{Images: map[string]plan.StoredImage{}}
		for _, ref := range stored {
			facts.Images[ref] = plan.StoredImage{ID: "sha256:0", Tested: true}
		}
		alone := map[string]string{}
		for _, s := range plan.Make(scanned(t, all[:1], lines...), facts, plan.Options{}).Steps {
			alone[s.Image.Name] = string(s.Action)
		}
		f := scanned(t, all[:1+r.IntN(3)], lines...)
		p := plan.Make(f, facts, plan.Options{})
		done := map[*plan.Step]bool{}
		for _, s := range p.Steps {
			seen[s.Action]++
			if err := checkTarget(s, done, alone); err != nil {
				t.Fatalf("seed %d: %s: %v\n%s\n%s", seed, s.Title(), err, strings.Join(lines, "\n"), strings.Join(titled(p), "\n"))
			}
			done[s] = true
		}
	}
	for _, a := range []plan.Action{plan.UpToDate, plan.Build, plan.Foreign, plan.Error, plan.Blocked, plan.Skip} {
		if seen[a] < 10 {
			t.Errorf("only %d steps %q: the test tests too little", seen[a], a)
		}
	}
}

func checkTarget(s *plan.Step, done map[*plan.Step]bool, alone map[string]string) error {
	for _, need := range s.Needs {
		if !done[need] {
			return fmt.Errorf("it comes before %s, which it needs", need.Title())
		}
		if s.Action == plan.Build && need.Action.Stuck() {
			return fmt.Errorf("%s is %s", need.Title(), need.Action)
		}
		if s.Targets == nil && need.Image.Platform != s.Image.Platform && s.Action != plan.Error {
			return fmt.Errorf("it needs %s", need.Title())
		}
	}
	stuck := slices.ContainsFunc(s.Needs, func(n *plan.Step) bool { return n.Action.Stuck() })
	switch on := s.Image.Platform; {
	case s.Targets != nil:
		if len(s.Targets) != len(s.Image.Platforms) || stuck != (s.Action == plan.Blocked) {
			return fmt.Errorf("it is %s, of %d targets", s.Action, len(s.Targets))
		}
	case s.Image.Nowhere():
		if s.Action != plan.Skip {
			return fmt.Errorf("it is %s", s.Action)
		}
	case on != here:
		if s.Action != plan.Foreign && s.Action != plan.Error {
			return fmt.Errorf("it is %s", s.Action)
		}
	case string(s.Action) != alone[s.Image.Name]:
		return fmt.Errorf("it is %s, and for this machine alone %s", s.Action, alone[s.Image.Name])
	}
	return nil
}
