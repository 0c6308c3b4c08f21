package registry

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// codes are those of a registry's errors (distribution spec, "Error Codes").
type codes map[transport.ErrorCode]bool

// gives tells whether an error is "not found" for one of these reasons. The status 404 alone gives no
// reason: proxies, gateways and web servers answer it, too, for what they do not know.
func gives(err error, reasons ...transport.ErrorCode) bool {
	var e *Error
	if !errors.As(err, &e) || e.Kind != ErrNotFound {
		return false
	}
	for _, code := range reasons {
		if e.codes[code] {
			return true
		}
	}
	return false
}

// noManifest are the reasons that say that a manifest is not there: those of the distribution spec,
// Harbor's, and Quay's for tags that were deleted.
var noManifest = []transport.ErrorCode{transport.ManifestUnknownErrorCode, transport.NameUnknownErrorCode, "NOT_FOUND", "TAG_EXPIRED"}

// certain makes another error of a manifest's 404 that gives no reason of a registry.
func (h *host) certain(p place, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind != ErrNotFound || gives(err, noManifest...) {
		return err
	}
	sure := h.fail(ErrRefused, "it does not say as registries do that %s is not there: %s", p.Target(), e.Detail)
	sure.Status = e.Status
	sure.Hint = "see whether something that stands before the registry has answered, and whether the image's name is right"
	return sure
}

// lacks tells whether an answer 404 to HEAD, which has no text, is a registry's own. Proxies may add
// the header to their pages, and gateways answer in JSON; who does both is no stranger.
func lacks(resp *http.Response) bool {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return kind == "application/json" && resp.Header.Get("Docker-Distribution-Api-Version") == "registry/2.0"
}

// instead asks with GET for what HEAD did not tell. The descriptor is zero when it is not there: some
// registries, or what stands before them, answer 404 to every HEAD.
func (h *host) instead(ctx context.Context, p place) (ocispecs.Descriptor, []byte, error) {
	d, data, err := h.manifest(ctx, p)
	if errors.Is(err, ErrNotFound) {
		return ocispecs.Descriptor{}, nil, nil
	}
	return d, data, err
}

// saysNothing tells whether an error is only about the list that was asked for: some registries have
// no lists, or not for everybody, or none that can be read. Then all must be asked for singly.
func saysNothing(err error) bool {
	for _, kind := range []error{ErrNotFound, ErrUnsupported, ErrUnauthorized, ErrRefused} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
