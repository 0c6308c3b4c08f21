package contexts_test

import (
	"maps"
	"testing"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
)

// The targets of an image have one folder and inputs of their own. What one look learned of the folder for all of
// them the next one knows.
func TestTargets(t *testing.T) {
	files := maps.Clone(example)
	files["config.yaml"] += "slipway: {platforms: [amd64, arm64, s390x]}\n"
	files["images/base/Dockerfile.template"] += "LABEL arch={{ arch }}\n"
	f, _ := read(t, files, contexts.Options{})
	known := map[string]contexts.Known{}
	look := func() map[digests.Inputs]string {
		t.Helper()
		s, err := contexts.Read(t.Context(), f.Targets(), contexts.Options{
			Level: 1, Entries: func(folder string) []byte { return known[folder].Entries },
			Known: func(folder string) (contexts.Known, bool) { k, ok := known[folder]; return k, ok },
		})
		if err != nil {
			t.Fatal(err)
		}
		marks := map[*fleet.Image][]inputs.Mark{}
		for _, img := range f.Targets().Images {
			marks[img] = []inputs.Mark{{}, {Followed: `{"context":["file"]}`}}
		}
		if err := s.Need(t.Context(), marks); err != nil {
			t.Fatal(err)
		}
		all := map[digests.Inputs]string{}
		for _, img := range f.Targets().Images {
			p := s.Images[img].Under("").On(img.MadeFrom(func(string) digests.Config { return "" }))
			if all[p.Digest()] = img.Name; p.Platform != string(img.Platform) {
				t.Errorf("%s for %s has inputs for %s", img.Name, img.Platform, p.Platform)
			}
		}
		learned := s.Learned()
		if len(known) > 0 && len(learned) > 0 {
			t.Errorf("learned again: %v", learned)
		}
		for _, k := range learned {
			if _, twice := known[k.Folder]; twice {
				t.Errorf("%s was learned twice", k.Folder)
			}
			known[k.Folder] = k
		}
		return all
	}
	time.Sleep(60 * time.Millisecond) // its files are older than a tick
	first := look()
	if len(first) != 6 {
		t.Errorf("digests of six targets: %v", first)
	}
	if second := look(); !maps.Equal(first, second) {
		t.Errorf("then %v", second)
	}
}
