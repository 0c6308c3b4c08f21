package dockercmd

import (
	"errors"
	"io"
	"syscall"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// goneError says that the server ended, or was about to, before a container began.
type goneError struct{ cause error }

// Error implements error.
func (e *goneError) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e *goneError) Unwrap() error { return e.cause }

// beforeStart marks an error of a request that starts nothing, if the server's end is its cause.
func beforeStart(err error) error {
	if client.IsErrConnectionFailed(err) || errdefs.IsUnavailable(err) {
		return &goneError{err}
	}
	for _, cut := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED, syscall.ENOENT} {
		if errors.Is(err, cut) {
			return &goneError{err}
		}
	}
	return err
}
