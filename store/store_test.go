package store_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/store"
)

// TestStore follows two images through all that a store does with them.
func TestStore(t *testing.T) {
	p := enginetest.Start(t)
	s := store.New(p.Services().Images, p.Services().Content)
	ctx := t.Context()
	enginetest.BuildBase(t, p, "docker.io/library/base:1")
	enginetest.Build(t, p, "registry.example/t/app:2", "FROM base:1\nRUN echo > /x\n", fstest.MapFS{})

	list, err := s.List(ctx)
	if err != nil || len(list) != 2 {
		t.Fatalf("list %v, %v", list, err)
	}
	base, app := list[0], list[1]
	if base.Name != "base" || base.Tag != "1" || base.Ref != "docker.io/library/base:1" || base.Size < 1000 ||
		base.Created.Unix() != 1700000000 || base.Tested != "" || !strings.HasPrefix(string(base.Digest), "sha256:") {
		t.Errorf("base is %+v", base)
	}
	if app.Name != "registry.example/t/app" || app.Tag != "2" {
		t.Errorf("app is %+v", app)
	}

	for range 2 { // idempotent
		if err := s.MarkTested(ctx, "base:1", store.TestPassed, "sha256:test"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Get(ctx, "base:1"); err != nil || got.Tested != store.TestPassed || got.Digest != base.Digest {
		t.Errorf("marked: %+v, %v", got, err)
	}
	// A new build of the same name is not tested yet.
	enginetest.Build(t, p, "docker.io/library/base:1", enginetest.BaseDockerfile+"RUN echo > /new\n", enginetest.Busybox(t))
	if got, err := s.Get(ctx, "base:1"); err != nil || got.Tested != "" {
		t.Errorf("built anew: %+v, %v", got, err)
	}

	for _, ref := range []string{"base:1", "base:1"} { // idempotent
		if err := s.Remove(ctx, ref); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := s.Has(ctx, "base:1"); found || err != nil {
		t.Errorf("removed image: %v, %v", found, err)
	}
	if _, err := s.Get(ctx, "base:1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed image: %v", err)
	}
	if err := s.MarkTested(ctx, "base:1", store.TestPassed, "sha256:test"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed image: %v", err)
	}
}

func TestSave(t *testing.T) {
	p := enginetest.Start(t)
	s := store.New(p.Services().Images, p.Services().Content)
	enginetest.BuildBase(t, p, "registry.example/base:1")
	var out bytes.Buffer
	if err := s.Save(t.Context(), &out, "registry.example/base:1", "nothing:1"); !errors.Is(err, store.ErrNotFound) || out.Len() != 0 {
		t.Errorf("unknown image: %v, %d bytes", err, out.Len())
	}
	if err := s.Save(t.Context(), &out, "registry.example/base:1"); err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(&out); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if hex, ok := strings.CutPrefix(h.Name, "blobs/sha256/"); ok && hex != "" {
			if d, err := digest.FromReader(r); err != nil || d.Encoded() != hex {
				t.Errorf("%s holds %s, %v", h.Name, d, err)
			}
		}
	}
	for _, want := range []string{"index.json", "manifest.json", "oci-layout"} {
		if !slices.Contains(names, want) {
			t.Errorf("the tar has no %s: %v", want, names)
		}
	}
}
