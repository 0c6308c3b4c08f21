package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
)

// Published is what a registry has under a reference.
type Published struct {
	Digest digests.Manifest // that the reference names
	// ID is the digest of the image's configuration, for the platform asked for. It is empty when the
	// reference names no image (a Helm chart, say), or an index without one for the platform. An
	// image that is no index is taken for one of the platform.
	ID digests.Config
	// Annotations are those of the platform's manifest that were asked for; those longer than 4 KiB
	// are left out.
	Annotations map[string]string
}

const (
	maxAnnotation = 4 << 10 // as long as a record of what a build followed, see package recipe
	maxNested     = 4       // indexes in indexes
)

// Look asks which references exist and what their manifests say, for one platform ("linux/arm64"). It
// is like Digests in everything else: a reference that is not there has no entry, everything else is an
// error, one per registry, and the map has what is certain beside it. A manifest or index that is
// damaged is an error, too. An image costs one request, an index two; with a Memory, what has not
// changed costs one without content, and what is Fresh none.
func (c *Client) Look(ctx context.Context, platform string, annotations, refs []string) (map[string]Published, error) {
	p, err := platforms.Parse(platform)
	if err != nil {
		return nil, fmt.Errorf("cannot read the platform: %w", err)
	}
	l := looking{platform: platforms.Format(p), wanted: slices.Compact(slices.Sorted(slices.Values(annotations)))}
	names, err := json.Marshal(append([]string{}, l.wanted...))
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	l.looked = string(names)
	ck := &check{c: c, holds: l.holds, ask: l.ask}
	err = ck.run(ctx, refs)
	if ck.found == nil {
		return nil, err
	}
	out := make(map[string]Published, len(ck.found))
	for ref, r := range ck.found {
		inside := r.Inside[l.platform]
		out[ref] = Published{Digest: digests.Manifest(r.Digest), ID: digests.Config(inside.ID), Annotations: maps.Clone(inside.Annotations)}
	}
	return out, err
}

// looking is what a call of Look asks for.
type looking struct {
	platform string
	wanted   []string // sorted
	looked   string   // wanted as Inside has it
}

// holds tells whether an entry is an answer to this question: not of Digests, nor for another platform
// or other annotations.
func (l looking) holds(r Remembered) bool {
	inside, known := r.Inside[l.platform]
	return r.Digest != "" && known && inside.Looked == l.looked
}

func (l looking) ask(ctx context.Context, h *host, p place, known Remembered) (Remembered, error) {
	held := l.holds(known)
	if !held {
		known.ETag = "" // an answer 304 would leave nothing to read
	}
	got, err := h.get(ctx, p, known.ETag)
	switch {
	case errors.Is(err, ErrNotFound):
		return Remembered{}, nil
	case err != nil:
		return Remembered{}, err
	case got.unchanged, held && got.Digest.String() == known.Digest: // not all registries know of conditions
		known.ETag = got.etag
		return known, nil
	}
	if err := h.readable(got); err != nil {
		return Remembered{}, err
	}
	image, err := l.image(ctx, h, p, got.manifest)
	if err != nil {
		return Remembered{}, err
	}
	inside := Inside{Looked: l.looked}
	if image != nil {
		inside.ID, inside.Annotations = image.Config.Digest.String(), l.some(image.Annotations)
	}
	now := Remembered{Digest: got.Digest.String(), ETag: got.etag, Inside: map[string]Inside{}}
	if now.Digest == known.Digest {
		maps.Copy(now.Inside, known.Inside) // of other platforms
	}
	now.Inside[l.platform] = inside
	return now, nil
}

// image finds the platform's manifest; nil when there is none, or when it is none of an image.
func (l looking) image(ctx context.Context, h *host, p place, m manifest) (*ocispecs.Manifest, error) {
	for range maxNested {
		if !isIndex(m.MediaType) {
			return h.imageOf(m)
		}
		children, err := images.Children(ctx, provider{m}, m.Descriptor)
		if err != nil {
			return nil, h.fail(ErrRefused, "the index %s cannot be read: %v", m.Digest, err)
		}
		children, err = choose(children, l.platform)
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if m, err = h.child(ctx, p, m, children[0]); err != nil {
			return nil, err
		}
	}
	return nil, h.fail(ErrRefused, "%s is an index of indexes of indexes", p.Target())
}

// readable refuses what is no manifest of any kind: the page of a proxy must not count as an image
// that is there.
func (h *host) readable(m fetched) error {
	if m.is.SchemaVersion <= 0 && !strings.HasPrefix(m.is.MediaType, "application/vnd.") {
		return h.fail(ErrRefused, "it has no manifest there, but something of the type %q", m.MediaType)
	}
	return nil
}

// imageOf reads an image's manifest; nil for one of something else.
func (h *host) imageOf(m manifest) (*ocispecs.Manifest, error) {
	if !isManifest(m.MediaType) {
		return nil, nil
	}
	var image ocispecs.Manifest
	if err := json.Unmarshal(m.data, &image); err != nil || image.Config.Digest.Validate() != nil {
		return nil, h.fail(ErrRefused, "the manifest %s cannot be read", m.Digest)
	}
	switch image.Config.MediaType {
	case ocispecs.MediaTypeImageConfig, images.MediaTypeDockerSchema2Config:
		return &image, nil
	}
	return nil, nil
}

// child fetches a manifest that an index names. That it is not there is a fault of the index, and
// must not look as if the index were not there.
func (h *host) child(ctx context.Context, p place, index manifest, d ocispecs.Descriptor) (manifest, error) {
	if d.Digest.Validate() != nil {
		return manifest{}, h.fail(ErrRefused, "the index %s names %q, which is no digest", index.Digest, d.Digest)
	}
	got, err := h.get(ctx, p.withDigest(d.Digest.String()), "")
	switch {
	case errors.Is(err, ErrNotFound):
		e := h.fail(ErrRefused, "the index %s names the manifest %s, which is not there", index.Digest, d.Digest)
		e.Hint = "push the image again, or delete it"
		return manifest{}, e
	case err != nil:
		return manifest{}, err
	case int64(len(got.data)) != d.Size:
		return manifest{}, h.fail(ErrDigest, "the manifest %s has another size than the index says", d.Digest)
	}
	return got.manifest, nil
}

// some are the annotations asked for.
func (l looking) some(all map[string]string) map[string]string {
	var out map[string]string
	for _, name := range l.wanted {
		if v, ok := all[name]; ok && len(v) <= maxAnnotation {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = v
		}
	}
	return out
}
