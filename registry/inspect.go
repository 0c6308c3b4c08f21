package registry

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxConfig bounds an image's configuration.
const maxConfig = 16 << 20

// Details is what a registry knows of an image.
type Details struct {
	Ref    string                // with registry and tag
	Root   ocispecs.Descriptor   // of the index or manifest
	Raw    []byte                // the index or manifest, byte for byte
	Images []ImageDetails        // one per platform
	Others []ocispecs.Descriptor // of an index: attestations and what else is no image
}

// ImageDetails is an image for one platform.
type ImageDetails struct {
	Descriptor ocispecs.Descriptor
	Platform   string // "linux/amd64"
	Manifest   ocispecs.Manifest
	Config     ocispecs.Image
	RawConfig  []byte
}

// Inspect fetches an image's manifests and configurations, but no layers; all digests are verified.
func (c *Client) Inspect(ctx context.Context, ref string) (Details, error) {
	p, h, err := c.at(ctx, ref)
	if err != nil {
		return Details{}, about("inspect", plain(ref), err)
	}
	out := Details{Ref: p.String()}
	if err := h.inspect(ctx, p, &out); err != nil {
		return Details{}, about("inspect", p, err)
	}
	return out, nil
}

func (h *host) inspect(ctx context.Context, p place, out *Details) error {
	d, data, err := h.manifest(ctx, p)
	if err != nil {
		return err
	}
	read := texts{h: h, what: "the image's manifests and configurations are"}
	out.Root, out.Raw = d, data
	if !isIndex(d.MediaType) {
		img, err := read.image(ctx, p, d, data)
		out.Images = append(out.Images, img)
		return err
	}
	var index ocispecs.Index
	if err := json.Unmarshal(data, &index); err != nil || len(index.Manifests) > maxManifests {
		return h.fail(ErrRefused, "the index %s cannot be read", d.Digest)
	}
	seen := map[digest.Digest]bool{}
	for _, m := range index.Manifests {
		if m.Digest.Validate() != nil {
			return h.fail(ErrRefused, "the index %s names %q, which is no digest", d.Digest, m.Digest)
		}
		if seen[m.Digest] {
			continue
		}
		seen[m.Digest] = true
		if isIndex(m.MediaType) || m.Platform == nil || m.Platform.OS == "unknown" {
			out.Others = append(out.Others, m)
			continue
		}
		_, data, err := h.manifest(ctx, p.withDigest(m.Digest.String()))
		if err != nil {
			return err
		}
		img, err := read.image(ctx, p, m, data)
		if err != nil {
			return err
		}
		out.Images = append(out.Images, img)
	}
	return nil
}

// image reads a manifest, and fetches its configuration.
func (t *texts) image(ctx context.Context, p place, d ocispecs.Descriptor, data []byte) (ImageDetails, error) {
	h, out := t.h, ImageDetails{Descriptor: d}
	if err := t.add(data); err != nil {
		return out, err
	}
	if err := json.Unmarshal(data, &out.Manifest); err != nil {
		return out, h.fail(ErrRefused, "the manifest %s cannot be read", d.Digest)
	}
	config := out.Manifest.Config
	if config.Digest.Validate() != nil {
		return out, h.fail(ErrRefused, "the manifest %s names %q, which is no digest", d.Digest, config.Digest)
	}
	_, raw, err := h.fetch(ctx, call{
		method: http.MethodGet, path: "/v2/" + p.Path() + "/blobs/" + config.Digest.String(),
		scopes: []string{p.pull()}, good: []int{http.StatusOK},
	}, maxConfig)
	if err == nil {
		err = t.add(raw)
	}
	if err != nil {
		return out, err
	}
	if !matches(config.Digest, raw) {
		return out, h.fail(ErrDigest, "the configuration %s is not what it sent", config.Digest)
	}
	out.RawConfig = raw
	if err := json.Unmarshal(raw, &out.Config); err != nil {
		return out, h.fail(ErrRefused, "the configuration %s cannot be read", config.Digest)
	}
	out.Platform = platforms.Format(out.Config.Platform)
	return out, nil
}
