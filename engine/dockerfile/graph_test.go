package dockerfile_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/ref"
)

func (w *writer) from() string {
	image := w.pick(w.images...)
	return w.pick(append([]string{image, image, image, image, w.pick("s", "t", "T", "0", "1", "elsewhere:1")}, w.stages...)...)
}

func (w *writer) instruction() string {
	prefix := w.pick("", "ONBUILD ")
	switch w.IntN(5) {
	case 0, 1:
		return prefix + "COPY --from=" + w.from() + " /x /" + fmt.Sprint(w.IntN(9))
	case 2:
		return prefix + "RUN --mount=type=" + w.pick("bind", "cache") + ",target=/c,from=" + w.from() + w.pick("", ",rw") + " true"
	case 3:
		return prefix + "COPY x /" + fmt.Sprint(w.IntN(9))
	}
	return prefix + "ENV A=" + w.pick("1", "2")
}

func (w *writer) dockerfile() string {
	w.stages = nil
	var b strings.Builder
	for range 1 + w.IntN(1+w.IntN(3)) {
		base := w.pick(append([]string{w.pick("scratch", "elsewhere:2"), w.pick(w.images...), w.pick(w.images...), w.pick(w.images...)}, w.stages...)...)
		b.WriteString("FROM " + base)
		if name := w.pick("", "s", "t"); name != "" {
			b.WriteString(" AS " + name)
			w.stages = append(w.stages, name)
		}
		b.WriteString("\n")
		for range 1 + w.IntN(3) {
			b.WriteString(w.instruction() + "\n")
		}
	}
	return b.String()
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func scan(t *testing.T, dir string) *fleet.Fleet {
	t.Helper()
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Dir: dir, Config: config.Default(), ParseDockerfile: dockerfile.Parse})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// refs are the references of images, and others.
func refs(images []*fleet.Image, others ...string) map[string]bool {
	all := map[string]bool{}
	for _, img := range images {
		all[img.Ref] = true
	}
	for _, other := range others {
		all[strings.TrimPrefix(ref.Canonical(other), "docker.io/library/")] = true
	}
	return all
}

// TestGraphIsBuildKits: for random fleets, what BuildKit asks for is there when an image is built, and what
// gets into it counts. ONBUILD instructions work in direct children only, in all their stages.
func TestGraphIsBuildKits(t *testing.T) {
	asked, added, lookedUp, compared := 0, 0, 0, 0
	for seed := range uint64(300) {
		w := &writer{Rand: rand.New(rand.NewPCG(seed, 9)), images: []string{"elsewhere:3"}}
		dir, texts := t.TempDir(), map[string]string{}
		known := map[string]dockerspec.DockerOCIImageConfig{}
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			text := w.dockerfile()
			_, _, result, err := convert(t.Context(), text, known, false)
			for ; err != nil; _, _, result, err = convert(t.Context(), text, known, false) {
				text = w.dockerfile()
			}
			texts[name], known[name+":1"] = text, result
			w.images = append(w.images, name+":1")
			writeFile(t, filepath.Join(dir, name, "Dockerfile.template"), text)
			writeFile(t, filepath.Join(dir, name, "changelog"), name+" (1) x; urgency=low\n\n  * A.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n")
		}
		f := scan(t, dir)
		for _, img := range f.Images {
			if img.Err != nil {
				t.Fatalf("seed %d: %v", seed, img.Err)
			}
			wanted, parts, _, err := convert(t.Context(), texts[img.Name], known, false)
			if err != nil {
				t.Fatal(err)
			}
			before, counts := refs(img.Parents(), img.Elsewhere()...), refs(img.Used(), img.Elsewhere()...)
			for ref := range wanted {
				if asked++; !before[ref] && !strings.Contains(ref, "elsewhere") && strings.HasSuffix(ref, ":1") {
					t.Errorf("seed %d: BuildKit asks for %s to build %s, which does not wait for it\n%s", seed, ref, img.Name, show(texts))
				}
			}
			for ref := range parts {
				if !counts[ref] {
					t.Errorf("seed %d: %s gets into %s, and does not count\n%s", seed, ref, img.Name, show(texts))
				}
			}
			if wanted, _, _, err := convert(t.Context(), texts[img.Name], known, true); err == nil { // of all stages
				for ref := range before {
					if !wanted[ref] && !wanted[ref+":latest"] {
						t.Errorf("seed %d: %s is said to need %s, and BuildKit does not ask for it\n%s", seed, img.Name, ref, show(texts))
					}
				}
				compared++
			}
			added += len(img.Added())
			lookedUp += len(img.Parents()) - len(img.Used())
		}
		if t.Failed() {
			return
		}
	}
	if asked < 1000 || added < 100 || lookedUp < 40 || compared < 1000 {
		t.Errorf("BuildKit asked for %d images, %d were added, %d looked up, %d compared: the test tests too little", asked, added, lookedUp, compared)
	}
}

func show(texts map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		b.WriteString("-- " + name + "\n" + texts[name])
	}
	return b.String()
}
