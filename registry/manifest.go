package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxManifest is what registries must accept at least (distribution spec, "Pushing manifests").
const maxManifest = 4 << 20

const (
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
)

var acceptManifests = strings.Join([]string{ocispecs.MediaTypeImageManifest, ocispecs.MediaTypeImageIndex, dockerManifest, dockerList}, ", ")

// manifest fetches a manifest or index and verifies its digest. It is as the registry has it, byte
// for byte. What is no image is ErrUnsupported.
func (h *host) manifest(ctx context.Context, p place) (ocispecs.Descriptor, []byte, error) {
	m, err := h.get(ctx, p, "")
	if err != nil {
		return ocispecs.Descriptor{}, nil, err
	}
	if !isIndex(m.MediaType) && !isManifest(m.MediaType) {
		return ocispecs.Descriptor{}, nil, h.fail(ErrUnsupported, "%s is of the type %q, which is no image", p.Target(), m.MediaType)
	}
	return m.Descriptor, m.data, nil
}

// fetched is an answer to get.
type fetched struct {
	manifest
	is        identity
	etag      string
	unchanged bool // it is what it was: then there is no manifest
}

// get fetches and verifies what is under a reference, of whatever type it is; with etag set, only if
// it has changed.
func (h *host) get(ctx context.Context, p place, etag string) (fetched, error) {
	at := call{
		method: http.MethodGet, path: p.manifestPath(),
		header: map[string]string{"Accept": acceptManifests}, good: []int{http.StatusOK},
	}
	if etag != "" { // without a condition 304 is an error
		at.header["If-None-Match"] = etag
		at.good = append(at.good, http.StatusNotModified)
	}
	var resp *http.Response
	var data []byte
	err := h.reading(ctx, p, func(scope string) (err error) {
		at.scopes = []string{scope}
		resp, data, err = h.fetch(ctx, at, maxManifest)
		return err
	})
	if err != nil {
		return fetched{}, h.certain(p, err)
	}
	if resp.StatusCode == http.StatusNotModified {
		return fetched{etag: etag, unchanged: true}, nil
	}
	out := fetched{is: identify(data), etag: resp.Header.Get("Etag")}
	mediaType := out.is.MediaType
	if mediaType == "" {
		mediaType, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
	}
	dgst := digest.FromBytes(data)
	said := digest.Digest(resp.Header.Get("Docker-Content-Digest")) // optional, and worthless unless it is true
	if p.Digest() != "" {
		said = digest.Digest(p.Digest())
	}
	if said != "" && said != dgst && !matches(said, data) {
		return fetched{}, h.fail(ErrDigest, "the manifest %s is said to be %s, but is %s", p.Target(), said, dgst)
	}
	if p.Digest() != "" {
		dgst = said
	}
	out.manifest = manifest{ocispecs.Descriptor{MediaType: mediaType, Digest: dgst, Size: int64(len(data))}, data}
	return out, nil
}

// matches verifies data against a digest of any supported algorithm.
func matches(d digest.Digest, data []byte) bool {
	return d.Validate() == nil && d.Algorithm().FromBytes(data) == d
}

// identity is what a manifest says of itself: Docker's always have a type, OCI's may.
type identity struct {
	SchemaVersion int    `json:"schemaVersion"`
	MediaType     string `json:"mediaType"`
}

func identify(data []byte) (is identity) {
	if json.Unmarshal(data, &is) != nil { // what is no JSON is nothing
		return identity{}
	}
	return is
}

func isIndex(mediaType string) bool {
	return mediaType == ocispecs.MediaTypeImageIndex || mediaType == dockerList
}

func isManifest(mediaType string) bool {
	return mediaType == ocispecs.MediaTypeImageManifest || mediaType == dockerManifest
}

// head asks for a manifest's digest. Both are empty when there is none; with etag set, unchanged
// tells that it is what it was.
func (h *host) head(ctx context.Context, p place, etag string) (dgst, newETag string, unchanged bool, err error) {
	err = h.reading(ctx, p, func(scope string) error {
		dgst, newETag, unchanged, err = h.headAs(ctx, p, etag, scope)
		return err
	})
	return dgst, newETag, unchanged, err
}

func (h *host) headAs(ctx context.Context, p place, etag, scope string) (dgst, newETag string, unchanged bool, err error) {
	header := map[string]string{"Accept": acceptManifests}
	if etag != "" {
		header["If-None-Match"] = etag
	}
	resp, err := h.do(ctx, call{
		method: http.MethodHead, path: p.manifestPath(), scopes: []string{scope}, header: header,
		good: []int{http.StatusOK, http.StatusNotModified, http.StatusNotFound},
	})
	if err != nil {
		return "", "", false, err
	}
	drain(resp)
	found, newETag := digest.Digest(resp.Header.Get("Docker-Content-Digest")), resp.Header.Get("Etag")
	switch {
	case resp.StatusCode == http.StatusNotModified && etag == "":
		return "", "", false, h.fail(ErrRefused, "it answers 304 to a request without a condition")
	case resp.StatusCode == http.StatusNotModified:
		return "", etag, true, nil
	case resp.StatusCode == http.StatusNotFound && lacks(resp):
		return "", "", false, nil
	case resp.StatusCode == http.StatusNotFound:
		d, _, err := h.instead(ctx, p)
		if err != nil || d.Digest == "" {
			return "", "", false, err
		}
		found, newETag = d.Digest, ""
	case found == "": // the header is optional
		d, _, err := h.manifest(ctx, p)
		if err != nil {
			return "", "", false, err
		}
		found = d.Digest
	}
	if found.Validate() != nil || p.Digest() != "" && found.Algorithm() == digest.Digest(p.Digest()).Algorithm() && string(found) != p.Digest() {
		return "", "", false, h.fail(ErrDigest, "it says that %s has the digest %q", p.Target(), found)
	}
	return string(found), newETag, false, nil
}

// put stores a manifest under a tag or its digest. An answer with another digest is an error.
func (h *host) put(ctx context.Context, p place, mediaType string, want digest.Digest, data []byte) error {
	resp, err := h.do(ctx, call{
		method: http.MethodPut, path: p.manifestPath(), scopes: []string{p.push()}, body: data,
		header: map[string]string{"Content-Type": mediaType},
		good:   []int{http.StatusCreated, http.StatusOK, http.StatusAccepted},
	})
	if err != nil {
		return hintTypes(err, mediaType)
	}
	drain(resp)
	if got := resp.Header.Get("Docker-Content-Digest"); got != "" && got != want.String() {
		return h.fail(ErrDigest, "it stored %s as %s, but %s was sent", p.Target(), got, want)
	}
	return nil
}

// hintTypes names the key for registries that are older than the OCI image-spec, which say so in several ways.
func hintTypes(err error, mediaType string) error {
	var e *Error
	if _, ours := dockerTypes[mediaType]; !ours || !errors.As(err, &e) || e.Hint != "" || e.Transient() {
		return err
	}
	if e.Status == http.StatusUnsupportedMediaType || e.codes[transport.ManifestInvalidErrorCode] || e.Kind == ErrUnsupported {
		e.Hint = "a registry that refuses OCI's media types takes images with Docker's: set the key slipway.media_types: docker"
	}
	return err
}

// next is the address of a list's next page, from its Link header (RFC 8288), or "" at the end. The
// page is asked for where the first one came from: registries behind proxies name themselves wrongly.
func (h *host) next(resp *http.Response) (string, error) {
	for _, link := range resp.Header.Values("Link") {
		target, params, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
		if !ok || !strings.Contains(strings.ReplaceAll(params, `"`, ""), "rel=next") {
			continue
		}
		u, err := url.Parse(target)
		if err != nil {
			return "", h.fail(ErrRefused, "its list's next page has no usable address")
		}
		u = resp.Request.URL.ResolveReference(u)
		return (&url.URL{Scheme: h.known(), Host: h.addr, Path: u.Path, RawQuery: u.RawQuery}).String(), nil
	}
	return "", nil
}

// about puts the verb and the reference before an error.
func about(verb string, p fmt.Stringer, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot %s %s: %w", verb, p, err)
}
