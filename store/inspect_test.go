package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/store"
)

// TestPutOneOfMany: of an index only the best image for this machine is there after a pull, although
// the machine can run others of it: amd64 runs 386, arm64 runs arm.
func TestPutOneOfMany(t *testing.T) {
	p := enginetest.Start(t)
	ctx, s := t.Context(), store.New(p.Services().Images, p.Services().Content)
	for _, last := range []bool{false, true} {
		here := platforms.DefaultSpec()
		own := addImage(ctx, t, p.Services().Content, here)
		own.Platform = &here
		list := []ocispecs.Descriptor{
			elsewhere("386", ocispecs.Platform{OS: "linux", Architecture: "386"}),
			elsewhere("arm", ocispecs.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}),
			elsewhere("other", ocispecs.Platform{OS: "linux", Architecture: "s390x"}),
			elsewhere("note", ocispecs.Platform{OS: "unknown", Architecture: "unknown"}),
		}
		if last {
			list = append(list, own)
		} else {
			list = append([]ocispecs.Descriptor{own}, list...)
		}
		index := add(ctx, t, p.Services().Content, ocispecs.MediaTypeImageIndex,
			ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex, Manifests: list})
		if err := s.Put(ctx, "many:1", index); err != nil {
			t.Fatalf("this machine's image last: %v: %v", last, err)
		}
		if got, err := s.Target(ctx, "many:1"); err != nil || got.Digest != index.Digest {
			t.Errorf("the name stands for %s, %v", got.Digest, err)
		}
		info, err := p.Services().Content.Info(ctx, index.Digest)
		if kept := slices.Collect(maps.Values(info.Labels)); err != nil || !slices.Contains(kept, own.Digest.String()) {
			t.Errorf("this machine's image is not kept: %v %v", info.Labels, err)
		}
		if got, err := s.Get(ctx, "many:1"); err != nil || got.Size == 0 {
			t.Errorf("Get: %+v, %v", got, err)
		}
		if layers, err := s.Layers(ctx, "many:1"); err != nil || len(layers) == 0 {
			t.Errorf("Layers: %v, %v", layers, err)
		}
		var tar bytes.Buffer
		if err := s.Save(ctx, &tar, "many:1"); err != nil || !bytes.Contains(tar.Bytes(), []byte(own.Digest.Encoded())) {
			t.Errorf("Save: %d bytes, %v", tar.Len(), err)
		}
	}
}

func elsewhere(text string, p ocispecs.Platform) ocispecs.Descriptor {
	return ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageManifest, Digest: digest.FromString(text), Size: int64(len(text)), Platform: &p}
}

func addImage(ctx context.Context, t *testing.T, into content.Store, p ocispecs.Platform) ocispecs.Descriptor {
	t.Helper()
	layer := add(ctx, t, into, ocispecs.MediaTypeImageLayer, "no layer, but content")
	config := add(ctx, t, into, ocispecs.MediaTypeImageConfig, ocispecs.Image{Platform: p})
	return add(ctx, t, into, ocispecs.MediaTypeImageManifest, ocispecs.Manifest{Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispecs.MediaTypeImageManifest, Config: config, Layers: []ocispecs.Descriptor{layer}})
}

func add(ctx context.Context, t *testing.T, into content.Store, mediaType string, v any) ocispecs.Descriptor {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	if err := content.WriteBlob(ctx, into, d.Digest.String(), bytes.NewReader(data), d); err != nil {
		t.Fatal(err)
	}
	return d
}
