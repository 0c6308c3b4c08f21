//go:build linux

package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/recipe"
	"github.com/slipway-build/slipway/store"
)

// BenchmarkNoChangeBuild is "slipway build" of a fleet whose images are all there: the whole process,
// from exec to exit. The goal is well under a second. All of "built" were built; of "registered" one
// was, and its manifest stands in the store under every name, which is all that a scan can see.
func BenchmarkNoChangeBuild(b *testing.B) {
	enginetest.Need(b)
	b.Run("40-built", func(b *testing.B) {
		p := newProgram(b)
		writeFleet(b, p, 40)
		p.build(b, "built")
		measureNoChange(b, p)
	})
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprintf("%d-registered", n), func(b *testing.B) {
			p := newProgram(b)
			writeFleet(b, p, 1)
			p.build(b, "built")
			writeFleet(b, p, n)
			register(b, p, n)
			measureNoChange(b, p)
		})
	}
}

func measureNoChange(b *testing.B, p program) {
	var took series
	var peak int64
	for b.Loop() {
		o := p.build(b, "unchanged")
		took.add(o.took)
		peak = max(peak, o.peak)
	}
	b.ReportMetric(took.median(), "s/median")
	b.ReportMetric(slices.Max(took), "s/max")
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
}

func imageName(i int) string { return fmt.Sprintf("image-%05d", i) }

// writeFleet writes n definitions: a busybox image, and below it children four levels deep.
func writeFleet(b *testing.B, p program, n int) {
	b.Helper()
	for i := range n {
		dir := filepath.Join(p.images(), fmt.Sprintf("group-%02d", i%37), imageName(i))
		put(b, filepath.Join(dir, "changelog"), changelog(imageName(i), "1.0"))
		control := "Package: " + imageName(i) + "\nDescription: one of a fleet\nMaintainer: Ann Onymous <ann@example.org>\n"
		if i == 0 {
			putBusybox(b, dir)
			put(b, filepath.Join(dir, "control"), control)
			put(b, filepath.Join(dir, "Dockerfile.template"), busyboxBase)
			continue
		}
		parent := imageName((i - 1) / 6)
		put(b, filepath.Join(dir, "control"), control+"Build-Depends: "+parent+"\n")
		put(b, filepath.Join(dir, "app.conf"), fmt.Sprintf("answer = %d\n", i))
		put(b, filepath.Join(dir, "Dockerfile.template"), fmt.Sprintf(child, parent))
	}
}

// child uses the filters that real definitions use, and builds in a moment.
const child = `FROM {{ %q | image_tag }}
{%% for name in ["one", "two", "three"] %%}
ENV DIR_{{ name | upper }}=/srv/{{ name }}
{%% endfor %%}
{%% if registry == "registry.example" %%}
LABEL origin="{{ registry }}"
{%% endif %%}
COPY app.conf /etc/app.conf
USER {{ "www-data" | uid }}
`

// register gives the image that was built the names of all others, each marked as made from what its
// folder holds: no scan can see a difference.
func register(b *testing.B, p program, n int) {
	b.Helper()
	b.Chdir(p.fleet)
	e, err := embedded.Start(b.Context(), embedded.Options{Root: p.root, Names: enginetest.Names})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}()
	if err := registerAll(b.Context(), e, n); err != nil {
		b.Fatal(err)
	}
}

func registerAll(ctx context.Context, e *embedded.Process, n int) error {
	cfg, err := config.Load(config.Sources{File: "config.yaml", FileExplicit: true, Env: func(string) string { return "/nonexistent" }})
	if err != nil {
		return err
	}
	f, err := fleet.Scan(ctx, fleet.ScanOptions{Dir: "images", Config: cfg, ParseDockerfile: dockerfile.Parse})
	if err != nil {
		return err
	}
	set, err := contexts.Read(ctx, f, contexts.Options{Level: engine.Level})
	if err != nil {
		return err
	}
	if len(set.Images) != n {
		return fmt.Errorf("the inputs of %d images, not of %d", len(set.Images), n)
	}
	services := e.Services()
	images := store.New(services.Images, services.Content)
	built, err := images.Inspect(ctx, f.Lookup(imageName(0)).Ref)
	if err != nil {
		return fmt.Errorf("cannot find the image that was built: %w", err)
	}
	followed := recipe.Followed{Known: true, Context: []recipe.Use{recipe.NewUse("app.conf")}}
	marks := map[*fleet.Image][]inputs.Mark{}
	for _, img := range f.Images {
		marks[img] = []inputs.Mark{{Followed: followed.String()}}
	}
	if err := set.Need(ctx, marks); err != nil {
		return err
	}
	held, release, err := e.Hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	for _, img := range f.Images {
		if img.Ref == built.Image.Ref {
			continue
		}
		parents := img.MadeFrom(func(string) digests.Config { return digests.Config(string(built.Image.ID)) })
		m := store.Marks{ID: built.Image.ID, Inputs: set.Images[img].Under(followed.String()).On(parents).Digest(), Followed: followed.String(), Level: engine.Level}
		if err := registerOne(held, images, services.Content, built, img, m); err != nil {
			return fmt.Errorf("cannot register %s: %w", img.Ref, err)
		}
	}
	return nil
}

// registerOne gives an image a manifest of its own, with the configuration and layers of the built one.
func registerOne(ctx context.Context, images *store.Store, blobs content.Store, built store.Details, img *fleet.Image, m store.Marks) error {
	manifest := built.Manifest
	manifest.Annotations = map[string]string{ocispecs.AnnotationTitle: img.Name}
	data, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	target := ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageManifest, Digest: digest.FromBytes(data), Size: int64(len(data))}
	if err := content.WriteBlob(ctx, blobs, target.Digest.String(), bytes.NewReader(data), target); err != nil {
		return err
	}
	return errors.Join(images.Put(ctx, img.Ref, target), images.MarkInputs(ctx, img.Ref, m), images.Accept(ctx, img.Ref, store.TestNone, ""))
}

// BenchmarkPlan is "slipway plan" of a fleet in which nothing changed: the whole process, from exec to
// exit. It looks at every file of every context; what the state remembers is not read again. The goals
// are 0.3 s for the first and 3 s for the second.
func BenchmarkPlan(b *testing.B) {
	enginetest.Need(b)
	for _, size := range []struct{ images, files int }{{1000, 50000}, {10000, 50000}} {
		b.Run(fmt.Sprintf("%d-images-%d-files", size.images, size.files), func(b *testing.B) {
			p := newProgram(b)
			writeFleet(b, p, 1)
			p.build(b, "built")
			writeFleet(b, p, size.images)
			writeFiles(b, p, size.images, size.files)
			register(b, p, size.images)
			cold := p.plan(b, size.images)
			var took series
			for b.Loop() {
				took.add(p.plan(b, size.images))
			}
			b.ReportMetric(cold.Seconds(), "s/cold")
			b.ReportMetric(took.median(), "s/median")
			b.ReportMetric(slices.Max(took), "s/max")
		})
	}
}

// writeFiles adds context files to all images but the first, in folders of ten, until there are about
// n with those that each definition has anyway.
func writeFiles(b *testing.B, p program, images, n int) {
	b.Helper()
	each := n/images - 4
	for i := 1; i < images; i++ {
		dir := filepath.Join(p.images(), fmt.Sprintf("group-%02d", i%37), imageName(i))
		for k := range each {
			put(b, filepath.Join(dir, fmt.Sprintf("files-%d", k/10), fmt.Sprintf("file-%02d.conf", k)), fmt.Sprintf("setting = %d\n", i*k))
		}
	}
}

// plan runs "slipway plan" and fails unless all images are up to date.
func (p program) plan(b *testing.B, images int) time.Duration {
	b.Helper()
	cmd := p.command(b.Context(), "plan", "--local", p.images())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	out, err := cmd.Output()
	took := time.Since(start)
	if err != nil {
		b.Fatalf("cannot plan: %v\n%s", err, &stderr)
	}
	if got := bytes.Count(out, []byte("  up to date  ")); got != images {
		b.Fatalf("%d of %d images are up to date\n%.3000s", got, images, out)
	}
	return took
}
