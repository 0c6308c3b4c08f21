//go:build linux

package embedded

import (
	"context"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// attempts is how often a stream is read that breaks off because the process at its other end ended.
const attempts = 5

// steadyContent is content that is read from another process. A stream that began is not repeated by
// gRPC; here it is, as reading changes nothing.
type steadyContent struct{ content.Store }

// ReaderAt implements content.Provider.
func (c steadyContent) ReaderAt(ctx context.Context, d ocispecs.Descriptor) (content.ReaderAt, error) {
	r, err := c.Store.ReaderAt(ctx, d)
	if err != nil {
		return nil, err
	}
	return steadyReader{r}, nil
}

// Walk implements content.Manager. What was told before the stream broke off is not told again.
func (c steadyContent) Walk(ctx context.Context, fn content.WalkFunc, filters ...string) error {
	var list []content.Info
	err := again(func() error {
		list = nil
		return c.Store.Walk(ctx, func(info content.Info) error {
			list = append(list, info)
			return nil
		}, filters...)
	})
	for _, info := range list {
		if err == nil {
			err = fn(info)
		}
	}
	return err
}

type steadyReader struct{ content.ReaderAt }

// ReadAt implements io.ReaderAt.
func (r steadyReader) ReadAt(p []byte, offset int64) (n int, err error) {
	err = again(func() (err error) {
		n, err = r.ReaderAt.ReadAt(p, offset)
		return err
	})
	return n, err
}

// again calls f until it ends for another reason than that the process that answered it has ended.
func again(f func() error) (err error) {
	for range attempts {
		if err = f(); !errdefs.IsUnavailable(err) && status.Code(err) != codes.Unavailable {
			return err
		}
	}
	return err
}
