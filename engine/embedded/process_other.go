//go:build !linux

package embedded

import (
	"context"

	"github.com/containerd/containerd/v2/core/images"

	"github.com/slipway-build/slipway/engine/cgroup"
	"github.com/slipway-build/slipway/engine/container"
)

// Process is a running engine; there is none on this system.
type Process struct{}

// Start fails with errUnsupported.
func Start(context.Context, Options) (*Process, error) { return nil, errUnsupported }

// Killed tells that there was no process.
func Killed(string) bool { return false }

// Services returns nothing.
func (p *Process) Services() Services { return Services{} }

// Hold fails with errUnsupported.
func (p *Process) Hold(context.Context) (context.Context, func(), error) {
	return nil, nil, errUnsupported
}

// Root returns nothing.
func (p *Process) Root() string { return "" }

// Groups returns none.
func (p *Process) Groups() cgroup.Run { return cgroup.Run{} }

// Close does nothing.
func (p *Process) Close() error { return nil }

// Images fails with errUnsupported.
func (p *Process) Images(context.Context) ([]container.Image, error) { return nil, errUnsupported }

// Image fails with errUnsupported.
func (p *Process) Image(context.Context, string) (container.Image, error) {
	return container.Image{}, errUnsupported
}

// NewContainer fails with errUnsupported.
func (p *Process) NewContainer(context.Context, container.Spec) (container.Container, error) {
	return nil, errUnsupported
}

// Attachment is a connection to another process; there is none on this system.
type Attachment struct{}

// attach fails with errUnsupported.
func attach(context.Context, string) (*Attachment, error) { return nil, errUnsupported }

// Follow fails with errUnsupported.
func Follow(context.Context, Options) (*Attachment, error) { return nil, errUnsupported }

// Services returns nothing.
func (a *Attachment) Services() Services { return Services{} }

// Lost returns nothing.
func (a *Attachment) Lost() error { return nil }

// Close does nothing.
func (a *Attachment) Close() error { return nil }

// VerifySnapshots finds none.
func VerifySnapshots(context.Context, string, func(done, total int)) (SnapshotVerification, error) {
	return SnapshotVerification{Faults: []SnapshotFault{}}, nil
}

// Index lists nothing: no engine can have built anything here.
func Index(context.Context, string) ([]images.Image, error) { return nil, nil }
