package registry

import (
	"errors"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
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

// saysNothing tells whether an error is only about the list that was asked for: some registries have
// no lists, or not for everybody. What is on such a list must be asked for singly.
func saysNothing(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnsupported) || errors.Is(err, ErrUnauthorized)
}
