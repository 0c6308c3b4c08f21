//go:build !linux

package embedded

import (
	"context"

	"github.com/containerd/containerd/v2/core/images"
)

// Process is a running engine; there is none on this system.
type Process struct{}

// Start fails with ErrUnsupported.
func Start(context.Context, Options) (*Process, error) { return nil, ErrUnsupported }

// Services returns nothing.
func (p *Process) Services() Services { return Services{} }

// Root returns nothing.
func (p *Process) Root() string { return "" }

// Close does nothing.
func (p *Process) Close() error { return nil }

// Attachment is a connection to another process; there is none on this system.
type Attachment struct{}

// Attach fails with ErrUnsupported.
func Attach(context.Context, string) (*Attachment, error) { return nil, ErrUnsupported }

// Services returns nothing.
func (a *Attachment) Services() Services { return Services{} }

// Close does nothing.
func (a *Attachment) Close() error { return nil }

// Index fails with ErrUnsupported.
func Index(context.Context, string) ([]images.Image, error) { return nil, ErrUnsupported }
