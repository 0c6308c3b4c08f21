//go:build linux

package bench_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/internal/enginetest"
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

// register gives the image that was built the names of all others.
func register(b *testing.B, p program, n int) {
	b.Helper()
	e, err := embedded.Start(b.Context(), embedded.Options{Root: p.root})
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
	ref := func(i int) string { return "registry.example/bench/" + imageName(i) + ":1.0" }
	images := e.Services().Images
	img, err := images.Get(ctx, ref(0))
	if err != nil {
		return fmt.Errorf("cannot find the image that was built: %w", err)
	}
	img.Labels = map[string]string{store.TestedLabel: store.TestNone}
	for i := 1; i < n; i++ {
		img.Name = ref(i)
		if _, err := images.Create(ctx, img); err != nil {
			return fmt.Errorf("cannot register %s: %w", img.Name, err)
		}
	}
	return nil
}
