package plan_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

// BenchmarkScan is all that happens before an engine is asked: walk, read, render, parse and plan a
// fleet that was made from a fixed seed. The goal for 10,000 definitions on two cores is less than
// two seconds and 500 MB, growing linearly.
func BenchmarkScan(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.Chdir(b.TempDir())
			generate(b, n)
			cfg, err := config.Load(config.Sources{File: "config.yaml", FileExplicit: true, Env: func(string) string { return "/nonexistent" }})
			if err != nil {
				b.Fatal(err)
			}
			facts := plan.Facts{Images: map[string]plan.StoredImage{}}
			peak := watchMemory()
			for b.Loop() {
				f, err := fleet.Scan(b.Context(), fleet.ScanOptions{Dir: "images", Config: cfg, ParseDockerfile: dockerfile.Parse})
				if err != nil {
					b.Fatal(err)
				}
				p := plan.Make(f, facts, plan.Options{})
				if len(p.Steps) != n || len(f.Warnings)+len(f.Broken) > 0 || p.Steps[n-1].Action != plan.Build {
					b.Fatalf("%d steps, %v, %v, %v", len(p.Steps), f.Warnings, f.Broken, p.Steps[n-1].Image.Err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/definition")
			b.ReportMetric(float64(peak())/1e6, "peak-MB")
		})
	}
}

// watchMemory samples what the Go runtime holds of the system's memory; the function it returns ends
// that and gives the most that was seen, in bytes.
func watchMemory() func() uint64 {
	runtime.GC()
	stop, result := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for {
			metrics.Read(samples)
			most = max(most, samples[0].Value.Uint64()-samples[1].Value.Uint64())
			select {
			case <-stop:
				result <- most
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(stop); return <-result }
}

// generate writes a fleet of n definitions in six levels, as large and as deep in folders as real
// ones are.
func generate(b *testing.B, n int) {
	b.Helper()
	r := rand.New(rand.NewPCG(2014, 11))
	put(b, "config.yaml", "registry: registry.example\nnamespace: team\nbase_images:\n- registry.example/team/debian:12\nknown_uid_mappings:\n  app: 1000\nscan_workers: 8\n")
	level := func(i int) int { return min(i*6/n, 5) }
	for i := range n {
		dir := fmt.Sprintf("images/group-%02d/image-%05d", i%37, i)
		var parents []string
		if l := level(i); l > 0 {
			for range 1 + r.IntN(2) {
				first, last := (l-1)*n/6+1, l*n/6-1
				parents = append(parents, fmt.Sprintf("image-%05d", first+r.IntN(last-first)))
			}
		}
		put(b, dir+"/changelog", history(i, 3+r.IntN(8)))
		put(b, dir+"/Dockerfile.template", definition(i, parents))
		put(b, dir+"/app.conf", "answer = 42\n")
		control := fmt.Sprintf("Package: image-%05d\nDescription: image number %d of a fleet\nMaintainer: Ann Onymous <ann@example.org>\n", i, i)
		if len(parents) > 0 {
			control += "Build-Depends: " + strings.Join(parents, ",\n  ") + "\n"
		}
		put(b, dir+"/control", control)
	}
}

func put(b *testing.B, name, data string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o666); err != nil {
		b.Fatal(err)
	}
}

func history(i, entries int) string {
	var b strings.Builder
	for e := entries; e > 0; e-- {
		fmt.Fprintf(&b, "image-%05d (1.%d.%d-%d) stable; urgency=medium\n\n  * Take over version 1.%d.%d.\n  * Clean up behind apt.\n\n"+
			" -- Ann Onymous <ann@example.org>  Thu, 01 Jan 2026 10:00:00 +0000\n\n", i, i%50, e, 1+i%3, i%50, e)
	}
	return b.String()
}

func definition(i int, parents []string) string {
	from, copies := "debian", ""
	if len(parents) > 0 {
		from = parents[0]
		for _, p := range parents[1:] {
			copies += fmt.Sprintf("COPY --from={{ %q | image_tag }} /opt/%s /opt/%s\n", p, p, p)
		}
	}
	return fmt.Sprintf(`{%% set packages -%%}
curl
ca-certificates
python3
libnumber%d
{%%- endset -%%}
# Image number %d.
FROM {{ %q | image_tag }}

ENV LANG=C.UTF-8 \
    HOME=/srv/app
%s
RUN {{ packages | apt_install }} \
    && rm -rf /usr/share/doc

USER root
RUN {{ "app" | add_user }}
{%% for name in ["one", "two", "three"] %%}
RUN mkdir -p /srv/app/{{ name }} && chown app /srv/app/{{ name }}
{%% endfor %%}
{%% if registry == "registry.example" %%}
LABEL origin="{{ registry }}"
{%% endif %%}
COPY app.conf /etc/app.conf
USER {{ "app" | uid }}
WORKDIR /srv/app
CMD ["/usr/bin/python3", "-m", "http.server", "%d"]
`, i, i, from, copies, 8000+i%1000)
}
