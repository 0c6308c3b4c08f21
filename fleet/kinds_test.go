package fleet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/template"
	"github.com/slipway-build/slipway/version"
)

// third is an image that is written down in one more way: all of it in one file.
type third struct {
	made
	source Source
	text   string
}

var _ Definition = (*third)(nil)

func (d *third) Source() Source                       { return d.source }
func (d *third) Versions() ([]version.Version, error) { return []version.Version{"7"}, nil }
func (d *third) Place(f string, n int) template.Place {
	return template.Place{Path: d.source.Path(f), Line: n}
}

func (d *third) again(*Image) draft { return &third{source: d.source, text: d.text} }

func (d *third) render(r *renderer, e *edges) {
	e.recipe = Recipe{Dockerfile: Text{File: "image.yaml", Text: r.keep(e, d.text)}}
	parsed, err := r.parse(e.img, []byte(d.text), nil, "")
	if err != nil {
		e.fail(newProblem(fault.DockerfileSyntax, d.source.Path("image.yaml"), 0, "", "%v", err))
		return
	}
	e.useAll(parsed, &origins{edges: e, name: "image.yaml", text: d.text, plain: true})
}

// thirds is the kind of such images, one for each text by name.
func thirds(root string, texts map[string]string) kind {
	return func(_ context.Context, _ *scan, r *reader) (found []definition, err error) {
		for name, text := range texts {
			d := &third{source: Source{Root: filepath.Join(root, name), Dir: ".", Shown: "packed/" + name}, text: text}
			img := &Image{Name: name, Version: "7", Tag: "7" + r.suffix, Ref: r.config.Ref(name, "7"+r.suffix), Dir: ".",
				File: d.source.Path("image.yaml"), Line: 1, Definition: d, declares: d.source.Path("image.yaml"), Derived: true}
			found = append(found, definition{draft: d, image: img})
		}
		return found, nil
	}
}

// readFrom is a parser that knows FROM alone.
func readFrom(data []byte, _ map[string]string, _ string) (d Dockerfile, err error) {
	for i, line := range strings.Split(string(data), "\n") {
		if ref, ok := strings.CutPrefix(line, "FROM "); ok {
			d.Uses = append(d.Uses, Use{Ref: ref, Line: i + 1, Kind: FromUse})
			d.Stages, d.Base = append(d.Stages, Stage{}), ref
		}
	}
	return d, nil
}

// TestThirdKind: a kind of definitions is its own code and one entry of a list. All that is made of a fleet
// knows its images.
func TestThirdKind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"base", "app"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		template := map[string]string{"base": "FROM scratch\n", "app": `FROM {{ "pack" | image_tag }}`}[name]
		entry := name + " (1) stable; urgency=low\n\n  * x\n\n -- A B <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n"
		for file, text := range map[string]string{"Dockerfile.template": template, "changelog": entry, "control": "Depends: pack\n"} {
			if file != "control" || name == "app" {
				if err := os.WriteFile(filepath.Join(dir, name, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	read := func(texts map[string]string) (*Fleet, error) {
		return Scan(t.Context(), ScanOptions{
			Dir: dir, Config: config.Default(), Platform: "linux/amd64", ParseDockerfile: readFrom,
			kinds: append([]kind{thirds(dir, texts)}, kinds...),
		})
	}
	f, err := read(map[string]string{"pack": "FROM base:1"})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, img := range f.Order() {
		order = append(order, fmt.Sprintf("%s %s %v", f.Path(img, ""), img.File, img.Err))
	}
	base, app := filepath.Join(dir, "base"), filepath.Join(dir, "app")
	want := []string{base + " " + base + "/changelog <nil>", "packed/pack packed/pack/image.yaml <nil>", app + " " + app + "/changelog <nil>"}
	if diff := cmp.Diff(want, order); diff != "" || len(f.Warnings) > 0 {
		t.Errorf("(-want +got)\n%s%v", diff, f.Warnings)
	}
	pack := f.Lookup("pack")
	if got := f.Recipe(pack).Dockerfile.Text; got != "FROM base:1" || pack.Definition.Recipe("linux/arm64").Dockerfile.Text != "" || f.Folder(pack) != filepath.Join(dir, "pack") {
		t.Errorf("%q in %s", got, f.Folder(pack))
	}
	for text, want := range map[string]string{
		"FROM app:1":  "packed/pack/image.yaml:1: pack needs app\nhint: remove one of these dependencies, from depends or control, and from the Dockerfile",
		"FROM base:0": "packed/pack/image.yaml:1: pack uses base:0 (FROM), the fleet has 1\nhint: write base:1",
	} {
		f, err := read(map[string]string{"pack": text})
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprint(f.Warnings)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", text, got)
		}
	}
	if _, err := read(map[string]string{"app": ""}); err == nil || !strings.Contains(err.Error(), ": cannot use the name app: ") {
		t.Errorf("a name that two have: %v", err)
	}
}
