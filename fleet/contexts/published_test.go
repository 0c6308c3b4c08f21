package contexts_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/fleet/source"
)

// published is what 68208fa noted of the images of oldFleet: their definition, and their inputs in a store
// that has them under their own references only.
var published = map[string][2]string{
	"child":  {"342efb73b0420bd975cecedf12f42baa349dbc75340a9fbdcae2961e6c1924d3", "71c35cee19acf415122c74f18335bee7cbf67fb094cdba53f9b4d73c6d0e0015"},
	"listed": {"6e506a373ee28557db9e84d5304598bc1890d8a14f28e6364204627c4efd9b6d", "45bd852380c3563334960fddbd47878f5115803c52599f846ec7e23e740c97c9"},
	"parent": {"76ac67d73c22f9c64eae1e16cca93d638deebc5a73f139f12321348d1ed792e2", "56121b29335b151aad12bd5d9e388af6a95c4d2754f925d0f50d0db6d34d465e"},
	"short":  {"80877652a5f830df25ecc87c561bf34a251eb6d347d2ef9dbbe6640ab7726962", "6d0916568be6751894157f77b87f1e2cf689046508b0c10fc2413abf3be1a38d"},
	"stages": {"3ce23c141b19d244cbdd771c69d998272fca42e7aa699238b7a25b472d5823f3", "4be63f00fbef14e66f5f8350820e6fb68fa8cb277693878efb92aa479d7f4b85"},
	"tool":   {"c9adacc134365addf36dffafb401ba2473e8900fd5a3cf049c574128716c94eb", "dd90a4ca69713f08b09c1833eb7dccf812a9fb206577877e5375e05924384f49"},
}

// oldFleet uses images under further tags, short names and Docker Hub's names, and by ONBUILD
// instructions, of which 68208fa knew nothing.
var oldFleet = map[string]string{
	"config.yaml":                      "registry: registry.example\nnamespace: team\n",
	"fleet/tool/Dockerfile.template":   "FROM scratch\n",
	"fleet/tool/changelog":             entry("tool", "1"),
	"fleet/parent/Dockerfile.template": "FROM scratch\nONBUILD COPY --from={{ 'tool' | image_tag }} /x /x\n",
	"fleet/parent/changelog":           entry("parent", "1"),
	"fleet/child/Dockerfile.template":  "FROM {{ 'parent' | image_tag }}\nFROM registry.example/team/listed:new\nFROM elsewhere.example/a\n",
	"fleet/child/changelog":            entry("child", "1"),
	"fleet/stages/Dockerfile.template": "FROM scratch AS a\nONBUILD COPY --from={{ 'tool' | image_tag }} /x /x\nONBUILD COPY --from=elsewhere.example/b /x /x\nFROM a\n",
	"fleet/stages/changelog":           entry("stages", "1"),
	"listed/Dockerfile":                "FROM scratch\nONBUILD COPY --from=tool:1 / /\n",
	"short/Dockerfile":                 "FROM listed:new\nCOPY --from=registry.example/team/listed / /\nCOPY --from=listed:1 / /\nCOPY --from=elsewhere.example/a@sha256:0000000000000000000000000000000000000000000000000000000000000000 / /\n",
}

// TestPublishedStaysPublished: that more counts than before makes nothing published another image.
func TestPublishedStaysPublished(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range oldFleet {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, 0o644); err != nil { // whatever the umask is
			t.Fatal(err)
		}
	}
	f := scanOld(t)
	set, err := contexts.Read(t.Context(), f, contexts.Options{Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]string{"registry.example/team/parent:1": "sha256:p", "registry.example/team/listed:1": "sha256:l", "registry.example/team/tool:1": "sha256:t"}
	marks := map[*fleet.Image][]inputs.Mark{}
	for _, img := range f.Images {
		marks[img] = []inputs.Mark{{Definition: "sha256:" + published[img.Name][0], Inputs: digests.Inputs("sha256:" + published[img.Name][1])}}
	}
	if err := set.Need(t.Context(), marks); err != nil {
		t.Fatal(err)
	}
	more := map[string]int{}
	for _, img := range f.Images {
		mark, parents := marks[img][0], img.MadeFrom(func(ref string) digests.Config { return digests.Config(stored[ref]) })
		defined, same := false, false
		for _, p := range set.Images[img].By(mark) {
			p = p.On(parents)
			defined, same = defined || p.Definition() == mark.Definition, same || p.Digest() == mark.Inputs
		}
		if !defined || !same {
			t.Errorf("%s: same definition: %v, same inputs: %v", img.Name, defined, same)
		}
		for _, p := range parents {
			if p.OnBuild || p.Of != "" {
				more[img.Name]++
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"child": 1, "short": 3, "stages": 2}, more); diff != "" {
		t.Errorf("what counts more now (-want +got)\n%s", diff)
	}
}

func scanOld(t *testing.T) *fleet.Fleet {
	t.Helper()
	cfg, err := config.Load(config.Sources{File: "config.yaml", FileExplicit: true, Env: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	found, release, err := fleet.FindListed(t.Context(), []config.Listed{
		{Name: "listed", From: "./listed", Dockerfile: "Dockerfile", Tags: []string{"1", "new", "latest"}, Path: "config.yaml", Line: 1},
		{Name: "short", From: "./short", Dockerfile: "Dockerfile", Tags: []string{"1"}, Path: "config.yaml", Line: 2},
	}, &source.Repositories{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{
		Dir: "fleet", Config: cfg, Platform: "linux/amd64", Listed: found, ParseDockerfile: dockerfile.Parse,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}
