//go:build linux

package bench_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/slipway-build/slipway/internal/enginetest"
)

// work is some seconds of what RUN steps do: write files, sort, hash, pack. Nothing comes from the
// network, and every build does the same.
const work = busyboxBase + `RUN mkdir -p /srv/files && awk 'BEGIN { srand(42); for (f = 0; f < 2000; f++) { \
    name = sprintf("/srv/files/%04d", f); for (l = 0; l < 300; l++) print int(rand() * 1e9) > name; close(name) } }'
RUN seq 1 900000 | awk '{ print ($1 * 7919) % 1000003, $1 }' | sort -n > /srv/sorted
RUN find /srv/files -type f | sort | xargs sha256sum > /srv/sums && sha512sum /srv/sorted >> /srv/sums
RUN tar -cf - -C /srv files sorted sums | gzip -9 > /srv/all.tar.gz && gzip -t /srv/all.tar.gz
`

// BenchmarkOverhead builds one image in turn by a whole "slipway build" and by a "buildctl build".
//
// The same on both sides: BuildKit's version, the rendered Dockerfile, the folder that is the context,
// the frontend's options (nothing from the cache, SOURCE_DATE_EPOCH), the exporter's (an OCI image of
// gzip layers, kept in the content store), overlayfs, runc, the host's network, the disk.
//
// Not the same: slipway starts its engine and stops it, reads the fleet, plans, keeps a log file and
// an image index, and sends the context anew each time; buildkitd runs already, has no image index,
// and gets only what changed in the context since the build before.
//
// "ratio" is the median of the pairs' ratios; its goal, for an image with work in it, is under 1.05.
// "best-ratio" compares the fastest run of each, and "cpu-ratio" the processor time of both with their
// daemon and containers: other work on the machine disturbs these least.
// "around-s" is the part of slipway's time that is not the build: process, scan, engine start and stop.
func BenchmarkOverhead(b *testing.B) {
	enginetest.Need(b)
	b.Run("work", func(b *testing.B) { measureOverhead(b, work, nil) })
	b.Run("tiny", func(b *testing.B) { measureOverhead(b, busyboxBase, nil) })
	b.Run("context", func(b *testing.B) {
		measureOverhead(b, busyboxBase+"ADD files.tar /srv/\n", map[string]string{"files.tar": contextTar(b)})
	})
}

// measureOverhead makes one pair of builds per iteration, the first of them by turns.
func measureOverhead(b *testing.B, dockerfile string, files map[string]string) {
	d := startDaemon(b)
	p := newProgram(b)
	dir := filepath.Join(p.images(), "app")
	putBusybox(b, dir)
	put(b, filepath.Join(dir, "Dockerfile.template"), dockerfile)
	for name, data := range files {
		put(b, filepath.Join(dir, name), data)
	}
	version := 0
	// Every pair has a version of its own: slipway builds what is not there yet.
	next := func() string {
		version++
		put(b, filepath.Join(dir, "changelog"), changelog("app", fmt.Sprintf("1.%d", version)))
		return fmt.Sprintf("registry.example/bench/app:1.%d", version)
	}
	next()
	rendered, err := p.command(b.Context(), "render", "app", p.images()).Output()
	if err != nil {
		b.Fatalf("cannot render the Dockerfile: %v", err)
	}
	plain := b.TempDir()
	put(b, filepath.Join(plain, "Dockerfile"), string(rendered))

	var slipway, around, buildctl, ratio, difference, cpu series
	pair := func() (own outcome, other cost) {
		ref := next()
		if version%2 == 0 {
			own = p.build(b, "built")
		}
		other = d.build(b, plain, dir, ref)
		if version%2 == 1 {
			own = p.build(b, "built")
		}
		return own, other
	}
	pair() // fills the page cache and makes both roots
	for b.Loop() {
		own, other := pair()
		slipway.add(own.took)
		around = append(around, own.took.Seconds()-own.Images[0].Seconds)
		buildctl.add(other.took)
		ratio = append(ratio, float64(own.took)/float64(other.took))
		cpu = append(cpu, float64(own.cpu)/float64(other.cpu))
		difference.add(own.took - other.took)
	}
	b.ReportMetric(slipway.median(), "slipway-s")
	b.ReportMetric(around.median(), "around-s")
	b.ReportMetric(buildctl.median(), "buildctl-s")
	b.ReportMetric(difference.median(), "difference-s")
	b.ReportMetric(ratio.median(), "ratio")
	b.ReportMetric(slices.Min(slipway)/slices.Min(buildctl), "best-ratio")
	b.ReportMetric(cpu.median(), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}

// contextTar is 40 MB of text in 800 files, the same each time: a small root file system.
func contextTar(b *testing.B) string {
	b.Helper()
	r := rand.New(rand.NewPCG(2014, 11))
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := range 800 {
		var text bytes.Buffer
		for text.Len() < 50_000 {
			fmt.Fprintf(&text, "%d the %x of %d\n", r.IntN(1000), r.IntN(1<<20), r.IntN(100))
		}
		head := &tar.Header{Name: fmt.Sprintf("%02d/%04d", i%40, i), Mode: 0o644, Size: int64(text.Len()), ModTime: time.Unix(epoch, 0)}
		if err := w.WriteHeader(head); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(text.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.String()
}
