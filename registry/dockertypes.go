package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// dockerTypes are Docker's media types ("Image Manifest V 2, Schema 2") for those of the OCI image-spec.
var dockerTypes = map[string]string{
	ocispecs.MediaTypeImageManifest:  dockerManifest,
	ocispecs.MediaTypeImageIndex:     dockerList,
	ocispecs.MediaTypeImageConfig:    images.MediaTypeDockerSchema2Config,
	ocispecs.MediaTypeImageLayer:     images.MediaTypeDockerSchema2Layer,
	ocispecs.MediaTypeImageLayerGzip: images.MediaTypeDockerSchema2LayerGzip,
	ocispecs.MediaTypeImageLayerZstd: images.MediaTypeDockerSchema2LayerZstd,
	// Base images may have these still.
	ocispecs.MediaTypeImageLayerNonDistributable:     images.MediaTypeDockerSchema2LayerForeign,
	ocispecs.MediaTypeImageLayerNonDistributableGzip: images.MediaTypeDockerSchema2LayerForeignGzip,
}

// Manifest is a manifest or index, byte for byte.
type Manifest struct {
	ocispecs.Descriptor
	Data []byte
}

// Typed returns the manifests that an image gets before it is pushed, children before parents and its own last: with
// Docker's media types if the options say so. None: it is pushed as it is.
func (c *Client) Typed(ctx context.Context, image ocispecs.Descriptor, from Source) ([]Manifest, error) {
	if !c.opts.DockerTypes {
		return nil, nil
	}
	return dockerTyped(ctx, image, from)
}

// Alike tells whether a digest is that of an image, as it is or with Docker's media types.
func Alike(ctx context.Context, image ocispecs.Descriptor, from Source, dgst string) bool {
	if image.Digest.String() == dgst {
		return true
	}
	made, err := dockerTyped(ctx, image, from)
	return err == nil && len(made) > 0 && made[len(made)-1].Digest.String() == dgst
}

// dockerTyped makes an image of another that has Docker's media types instead of OCI's, with the same
// configurations, layers and annotations. The same image always gives the same bytes.
func dockerTyped(ctx context.Context, image ocispecs.Descriptor, from Source) ([]Manifest, error) {
	if image.Size > maxManifest {
		return nil, fmt.Errorf("manifest %s is larger than %d bytes", image.Digest, maxManifest)
	}
	data, err := content.ReadBlob(ctx, from, image)
	if err != nil {
		return nil, fmt.Errorf("cannot read manifest %s: %w", image.Digest, err)
	}
	switch {
	case isIndex(image.MediaType):
		var index ocispecs.Index
		if err := json.Unmarshal(data, &index); err != nil {
			return nil, fmt.Errorf("cannot read index %s: %w", image.Digest, err)
		}
		changed := toDocker(&index.MediaType, image.MediaType)
		var made []Manifest
		for i, d := range index.Manifests {
			child, err := dockerTyped(ctx, d, from)
			if err != nil {
				return nil, err
			}
			if len(child) > 0 {
				last := child[len(child)-1]
				index.Manifests[i].MediaType, index.Manifests[i].Digest, index.Manifests[i].Size = last.MediaType, last.Digest, last.Size
				made, changed = append(made, child...), true
			}
		}
		err := addManifest(&made, image, index.MediaType, index, changed)
		return made, err
	case isManifest(image.MediaType):
		var m ocispecs.Manifest
		if err := json.Unmarshal(data, &m); err != nil {
			return nil, fmt.Errorf("cannot read manifest %s: %w", image.Digest, err)
		}
		changed := toDocker(&m.MediaType, image.MediaType)
		changed = toDocker(&m.Config.MediaType, m.Config.MediaType) || changed
		for i := range m.Layers {
			changed = toDocker(&m.Layers[i].MediaType, m.Layers[i].MediaType) || changed
		}
		var made []Manifest
		err := addManifest(&made, image, m.MediaType, m, changed)
		return made, err
	}
	return nil, nil // what is no image
}

// toDocker sets a media type to Docker's for what it is, and tells whether that is another.
func toDocker(mediaType *string, is string) bool {
	*mediaType = is
	other, known := dockerTypes[is]
	if known {
		*mediaType = other
	}
	return known
}

// addManifest writes a changed manifest as BuildKit writes them.
func addManifest(to *[]Manifest, was ocispecs.Descriptor, mediaType string, v any, changed bool) error {
	if !changed {
		return nil
	}
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	was.MediaType, was.Digest, was.Size = mediaType, digest.FromBytes(data), int64(len(data))
	*to = append(*to, Manifest{was, data})
	return nil
}

// With is a source that has these manifests, too.
func With(from Source, manifests []Manifest) Source {
	all := map[digest.Digest][]byte{}
	for _, m := range manifests {
		all[m.Digest] = m.Data
	}
	return withManifests{from, all}
}

type withManifests struct {
	Source
	manifests map[digest.Digest][]byte
}

// ReaderAt implements Source.
func (w withManifests) ReaderAt(ctx context.Context, d ocispecs.Descriptor) (content.ReaderAt, error) {
	if data, ok := w.manifests[d.Digest]; ok {
		return inMemory{bytes.NewReader(data)}, nil
	}
	return w.Source.ReaderAt(ctx, d)
}
