package slipway

import (
	"context"
	"encoding/json"
	"fmt"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/store"
)

// Details say what an image is. As JSON they are what "slipway inspect" prints: keys may be added, and none of
// these changes.
type Details struct {
	Ref       string            `json:"ref"` // with registry and tag
	Digest    digests.Manifest  `json:"digest"`
	Store     *StoredImage      `json:"store,omitempty"` // for an image of the store
	Platforms []PlatformDetails `json:"platforms"`
}

// PlatformDetails are those of an image for one platform.
type PlatformDetails struct {
	Platform    string                `json:"platform"` // "linux/amd64"
	Digest      digests.Manifest      `json:"digest"`
	Annotations map[string]string     `json:"annotations,omitempty"`
	Layers      []ocispecs.Descriptor `json:"layers"` // the lowest first
	Config      json.RawMessage       `json:"config"` // as it is
}

// Inspect reads what an image of the store is. It may be called as for Tag.
func (s *Session) Inspect(ctx context.Context, image string) (d Details, err error) {
	err = s.withStore(ctx, func(st *store.Store) error {
		ref, err := findStored(ctx, st, image)
		if err != nil {
			return fmt.Errorf("cannot inspect %s: %w", image, err)
		}
		stored, err := st.Inspect(ctx, ref)
		if err == nil {
			d = storedDetails(stored)
		}
		return err
	})
	return d, err
}

// InspectRemote asks the registry that an image's name begins with what it is. Layers are not fetched.
func (s *Session) InspectRemote(ctx context.Context, image string) (d Details, err error) {
	err = s.withRegistry(func(client *registry.Client) error {
		published, err := client.Inspect(ctx, image)
		if err == nil {
			d = publishedDetails(published)
		}
		return err
	})
	return d, err
}

func publishedDetails(d registry.Details) Details {
	out := Details{Ref: d.Ref, Digest: digests.Manifest(d.Root.Digest), Platforms: []PlatformDetails{}}
	for _, i := range d.Images {
		out.Platforms = append(out.Platforms, PlatformDetails{
			Platform: i.Platform, Digest: digests.Manifest(i.Descriptor.Digest), Annotations: i.Manifest.Annotations,
			Layers: i.Manifest.Layers, Config: i.RawConfig,
		})
	}
	return out
}

func storedDetails(d store.Details) Details {
	return Details{Ref: d.Image.Ref, Digest: d.Image.Digest, Store: &d.Image, Platforms: []PlatformDetails{{
		Platform: d.Platform, Digest: d.Digest, Annotations: d.Manifest.Annotations, Layers: d.Manifest.Layers, Config: d.RawConfig,
	}}}
}
