package facts

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/registry"
)

// scanned reads images, by name with their architectures, on an amd64 machine.
func scanned(t *testing.T, platforms []platform.Platform, images map[string]string) *fleet.Fleet {
	t.Helper()
	dir := t.TempDir()
	for name, architecture := range images {
		for file, text := range map[string]string{
			"Dockerfile.template": "FROM scratch\n", "control": "Architecture: " + architecture + "\n",
			"changelog": name + " (1) x; urgency=low\n\n  * A.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n",
		} {
			if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	cfg := config.Default()
	cfg.Registry, cfg.Slipway.Platforms = "r.example", platforms
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Dir: dir, Config: cfg, Platform: "linux/amd64"})
	if err != nil {
		t.Fatal(err)
	}
	return f.Targets()
}

// The registry is asked once for each platform, for the images that are made for it; what an index has of an
// image is apart for each of them.
func TestPublishedByPlatform(t *testing.T) {
	images := map[string]string{"both": "any", "far": "arm64", "none": "s390x", "part": "any", "gone": "any"}
	for _, test := range []struct {
		platforms []platform.Platform
		asked     []string
		want      map[string]plan.PublishedImage
	}{
		{nil, []string{"linux/amd64: r.example/both:1 r.example/gone:1 r.example/part:1"}, map[string]plan.PublishedImage{
			"r.example/both:1": {Digest: "d both", ID: "linux/amd64"}, "r.example/part:1": {Digest: "d part"},
		}},
		{[]platform.Platform{"linux/amd64", "linux/arm64"}, []string{
			"linux/amd64: r.example/both:1 r.example/gone:1 r.example/part:1", "linux/arm64: r.example/both:1 r.example/far:1 r.example/gone:1 r.example/part:1",
		}, map[string]plan.PublishedImage{
			"r.example/both:1": {Digest: "d both", Parts: map[platform.Platform]plan.PublishedImage{
				"linux/amd64": {Digest: "d both", ID: "linux/amd64"}, "linux/arm64": {Digest: "d both", ID: "linux/arm64"},
			}},
			"r.example/part:1": {Digest: "d part", Parts: map[platform.Platform]plan.PublishedImage{"linux/arm64": {Digest: "d part", ID: "linux/arm64"}}},
			"r.example/far:1":  {Digest: "d far", ID: "linux/arm64"},
		}},
	} {
		var asked []string
		s := Sources{Look: func(_ context.Context, on string, _, refs []string) (map[string]registry.Published, error) {
			asked = append(asked, on+": "+strings.Join(slices.Sorted(slices.Values(refs)), " "))
			found := map[string]registry.Published{}
			for _, ref := range refs {
				name := strings.TrimSuffix(strings.TrimPrefix(ref, "r.example/"), ":1")
				switch {
				case name == "part" && on == "linux/amd64":
					found[ref] = registry.Published{Digest: "d part"}
				case name != "gone":
					found[ref] = registry.Published{Digest: digests.Manifest("d " + name), ID: digests.Config(on)}
				}
			}
			return found, nil
		}}
		f := scanned(t, test.platforms, images)
		got, _, err := s.readPublished(t.Context(), f, plan.Relevant(f, plan.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.asked, asked); diff != "" {
			t.Errorf("asked (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v (-want +got)\n%s", test.platforms, diff)
		}
		for _, img := range f.Images {
			_, found := got[img.Ref].For(img)
			if want := img.Name == "part" && img.Platform == "linux/amd64" && len(img.Platforms) > 1; found == want {
				t.Errorf("%s for %s: found %v", img.Name, img.Platform, found)
			}
		}
	}
}
