package runner_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/containerd/containerd/v2/core/images/archive"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/store/journal"
	"github.com/slipway-build/slipway/store/storetest"
)

// inspect looks at everything.
func (s *shipyard) inspect() {
	list := s.stored()
	names := map[string]store.Image{}
	var refs []string
	for _, img := range list {
		if img.Damaged != "" {
			s.fail("%s is listed, and damaged: %s", img.Ref, img.Damaged)
		}
		names[img.Ref] = img
		refs = append(refs, img.Ref)
	}
	s.load(refs)
	for _, ref := range slices.Sorted(maps.Keys(s.good)) {
		pinned, err := s.root.Store.Pinned(s.ctx(), ref)
		s.must(err)
		switch img := names[ref]; {
		case img.Tested != "":
			s.done["kept"]++
		case img.Digest == digests.Manifest(s.good[ref]): // it was tested again, and failed
		case !pinned:
			s.fail("the good image %s is lost", ref)
		}
	}
	for _, img := range list {
		pinned, err := s.root.Store.Pinned(s.ctx(), img.Ref)
		s.must(err)
		switch {
		case img.Tested != "":
			s.good[img.Ref] = string(img.Digest)
		case pinned:
			s.done["pinned"]++
		default:
			delete(s.good, img.Ref)
		}
	}
	s.upToDate()
}

// load saves all images, and loads them into an empty store.
func (s *shipyard) load(refs []string) {
	if len(refs) == 0 || s.rand.IntN(4) > 0 {
		return
	}
	var tar bytes.Buffer
	s.must(s.root.Store.Save(s.ctx(), &tar, refs...))
	folder := s.folder()
	other, err := storetest.Open(s.ctx(), folder, nil)
	s.must(err)
	index, err := archive.ImportIndex(s.ctx(), other.Content, &tar)
	s.must(err)
	missing, err := journal.Missing(s.ctx(), other.Content, index)
	s.must(err)
	if len(missing) > 0 {
		s.fail("what was saved cannot be loaded: %v is missing", missing)
	}
	s.must(errors.Join(other.Close(), os.RemoveAll(folder)))
}

// upToDate holds what a plan finds up to date to what would be built.
func (s *shipyard) upToDate() {
	f := s.scan()
	for _, step := range s.decide(f, plan.Options{}, false).Plan.Steps {
		if step.Action != plan.UpToDate {
			continue
		}
		s.done["up to date"]++
		details, err := s.root.Store.Inspect(s.ctx(), step.Image.Ref)
		s.must(err)
		if details.Image.Tested == "" {
			s.fail("%s is up to date, and not tested", step.Image.Ref)
		}
		got, err := s.texts(s.ctx(), details)
		s.must(err)
		var want []string
		for name := step.Image.Name; name != ""; name = needs[name] {
			data, err := os.ReadFile(filepath.Join(s.dir, "fleet", name, "file"))
			s.must(err)
			want = append([]string{name + " " + string(data)}, want...)
		}
		if !slices.Equal(got, want) {
			s.fail("%s is up to date with %q, and would be %q", step.Image.Ref, got, want)
		}
	}
}
