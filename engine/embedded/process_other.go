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

// Start fails with ErrUnsupported.
func Start(context.Context, Options) (*Process, error) { return nil, ErrUnsupported }

// Killed tells that there was no process.
func Killed(string) bool { return false }

// Services returns nothing.
func (p *Process) Services() Services { return Services{} }

// Hold fails with ErrUnsupported.
func (p *Process) Hold(context.Context) (context.Context, func(), error) {
	return nil, nil, ErrUnsupported
}

// Root returns nothing.
func (p *Process) Root() string { return "" }

// Groups returns none.
func (p *Process) Groups() cgroup.Run { return cgroup.Run{} }

// Close does nothing.
func (p *Process) Close() error { return nil }

// Images fails with ErrUnsupported.
func (p *Process) Images(context.Context) ([]container.Image, error) { return nil, ErrUnsupported }

// Image fails with ErrUnsupported.
func (p *Process) Image(context.Context, string) (container.Image, error) {
	return container.Image{}, ErrUnsupported
}

// NewContainer fails with ErrUnsupported.
func (p *Process) NewContainer(context.Context, container.Spec) (container.Container, error) {
	return nil, ErrUnsupported
}

// Attachment is a connection to another process; there is none on this system.
type Attachment struct{}

// Attach fails with ErrUnsupported.
func Attach(context.Context, string) (*Attachment, error) { return nil, ErrUnsupported }

// Follow fails with ErrUnsupported.
func Follow(context.Context, Options) (*Attachment, error) { return nil, ErrUnsupported }

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
