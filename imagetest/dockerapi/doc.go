// Package dockerapi answers the part of Docker's Engine API that image tests use.
//
// There is no daemon: while a fleet's tests run, Slipway serves this API on a
// unix socket, and the real docker command, Docker's Go client and its Python
// SDK work against it. Containers share the host's network, images come from
// Slipway's own store only, and everything ends with the server. A request for
// what the runtime does not do is answered with 501 and a sentence that says so.
// The protocol is that of the Docker Engine API reference, version 1.47.
//
// What else differs from Docker's daemon: two containers cannot listen on one
// port; a port published under another number is forwarded on loopback only,
// unless an address is given; linked containers are all at 127.0.0.1; volumes, with a
// name or without, tags of images and images made of containers end with the server;
// sizes of the store's layers are those of compressed ones; restart policies do nothing; keys do not detach; an attached docker exec ends when the last process that
// holds its output has ended; the last 16 MiB of a container's output are kept.
package dockerapi

import (
	"context"

	"github.com/slipway-build/slipway/engine/container"
)

// Backend is the runtime below the API. Its methods may be called concurrently.
type Backend interface {
	// Images lists the store's images; only names and digests need be filled in.
	Images(ctx context.Context) ([]container.Image, error)
	// Image reads one image by its full reference. The error holds
	// container.ErrNoImage when there is none.
	Image(ctx context.Context, ref string) (container.Image, error)
	// NewContainer makes a container, which is not started. The caller removes it.
	NewContainer(ctx context.Context, spec container.Spec) (container.Container, error)
}
