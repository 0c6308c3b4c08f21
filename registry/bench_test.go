package registry_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/plugins/content/local"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// BenchmarkCheck looks at 1,000 images in as many repositories on docker-registry, 5 ms away: with an
// empty memory, with a full one, and with one whose answers are fresh.
func BenchmarkCheck(b *testing.B) {
	srv := registrytest.Start(b, registrytest.Config{})
	refs := fleet(b, srv.Addr, 1000)
	slow := registrytest.Slow(b, srv, 5*time.Millisecond)
	for i := range refs {
		refs[i] = strings.Replace(refs[i], srv.Addr, slow.Addr, 1)
	}
	m := &memory{entries: map[string]registry.Remembered{}}
	run := func(b *testing.B, o registry.Options, before func()) {
		asked := func() int { return srv.Count("HEAD", "/v2/") + srv.Count("GET", "/v2/") }
		earlier := asked()
		for b.Loop() {
			before()
			got, err := client(b, o).Look(b.Context(), platform, []string{"org.opencontainers.image.base.digest"}, refs)
			if err != nil || len(got) != len(refs) {
				b.Fatalf("found %d: %v", len(got), err)
			}
		}
		b.ReportMetric(float64(asked()-earlier)/float64(b.N), "requests/op")
	}
	b.Run("cold", func(b *testing.B) {
		run(b, registry.Options{Memory: m}, func() { clear(m.entries) })
	})
	b.Run("warm", func(b *testing.B) { run(b, registry.Options{Memory: m}, func() {}) })
	b.Run("fresh", func(b *testing.B) { run(b, registry.Options{Memory: m, Fresh: time.Hour}, func() {}) })
}

// BenchmarkPush pushes 300 MB from containerd's content store, and the same by skopeo, in pairs.
func BenchmarkPush(b *testing.B) {
	srv := registrytest.Start(b, registrytest.Config{})
	dir := b.TempDir()
	store, err := local.NewStore(dir)
	if err != nil {
		b.Fatal(err)
	}
	var ours, theirs, ratios []float64
	n := 0
	for b.Loop() {
		n++
		b.StopTimer()
		from := registrytest.NewBlobs()
		image := from.Image(b, uint64(n), 100<<20, 100<<20, 100<<20)
		layout(b, store, from, image, dir)
		b.StartTimer()

		// Who comes first changes: the page cache and the disk do not favour one.
		for turn := range 2 {
			began := time.Now()
			if (n+turn)%2 == 0 {
				c := client(b, registry.Options{})
				if _, err := c.Push(b.Context(), image, store, registry.PushOptions{}, fmt.Sprintf("%s/bench/ours%d:1", srv.Addr, n)); err != nil {
					b.Fatal(err)
				}
				ours = append(ours, time.Since(began).Seconds())
			} else {
				out, err := exec.CommandContext(b.Context(), "skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false", "--dest-no-creds",
					"oci:"+dir+":bench", fmt.Sprintf("docker://%s/bench/theirs%d:1", srv.Addr, n)).CombinedOutput()
				if err != nil {
					b.Fatalf("skopeo: %v\n%s", err, out)
				}
				theirs = append(theirs, time.Since(began).Seconds())
			}
		}
		ratios = append(ratios, ours[n-1]/theirs[n-1])
		b.StopTimer()
		if err := os.RemoveAll(filepath.Join(srv.Root, "docker")); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(median(ours), "slipway-s")
	b.ReportMetric(median(theirs), "skopeo-s")
	b.ReportMetric(median(ratios), "ratio")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// layout makes containerd's store an OCI layout too: both keep blobs in blobs/sha256.
func layout(b *testing.B, store registry.Sink, from *registrytest.Blobs, image ocispecs.Descriptor, dir string) {
	b.Helper()
	srv := registrytest.InMemory(b)
	c := client(b, registry.Options{})
	ref := srv.Addr + "/a:1"
	if _, err := c.Push(b.Context(), image, from, registry.PushOptions{}, ref); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Pull(b.Context(), ref, registry.PullOptions{}, store); err != nil {
		b.Fatal(err)
	}
	index := fmt.Sprintf(`{"schemaVersion":2,"manifests":[{"mediaType":%q,"digest":%q,"size":%d,"annotations":{"org.opencontainers.image.ref.name":"bench"}}]}`,
		image.MediaType, image.Digest, image.Size)
	err := errors.Join(os.WriteFile(filepath.Join(dir, "index.json"), []byte(index), 0o600),
		os.WriteFile(filepath.Join(dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o600))
	if err != nil {
		b.Fatal(err)
	}
}
