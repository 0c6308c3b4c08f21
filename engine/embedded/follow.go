//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	contentapi "github.com/containerd/containerd/api/services/content/v1"
	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	ctd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content/proxy"
	"github.com/moby/buildkit/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// retries lets a call be made again, up to four times, when the process that answered it ends. Only calls
// that may be repeated are named: those that read, those that set a name to a value, and the freeing of what
// nobody uses.
const retries = `{"methodConfig": [{
	"name": [
		{"service": "containerd.services.images.v1.Images"},
		{"service": "containerd.services.content.v1.Content", "method": "Info"},
		{"service": "containerd.services.content.v1.Content", "method": "List"},
		{"service": "containerd.services.content.v1.Content", "method": "Read"},
		{"service": "moby.buildkit.v1.Control", "method": "DiskUsage"},
		{"service": "moby.buildkit.v1.Control", "method": "Prune"}
	],
	"retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.02s", "maxBackoff": "1s", "backoffMultiplier": 3, "retryableStatusCodes": ["UNAVAILABLE"]}
}]}`

// passing is how often a process that is just starting, or just ending, is looked for again.
const passing = 20 * time.Millisecond

// Attachment is a connection to the engine of whichever process has the root: when that one ends, of the
// next, or of an engine of this process.
type Attachment struct {
	// options are those of the engine that is started; a nil Names starts none.
	options Options
	alive   context.Context // does not end with a call
	bk      *client.Client
	conn    *grpc.ClientConn

	mu     sync.Mutex
	own    *Process
	failed error // why no engine can be had any more
}

// Follow connects to the process that holds the root. The error is ErrNotRunning when there is none. When
// the process ends, calls that may be repeated are, by the next process that takes the root or, if none
// does, by an engine that is started with the options.
func Follow(ctx context.Context, o Options) (*Attachment, error) {
	root, err := realRoot(o.Root)
	if err != nil {
		return nil, err
	}
	o.Root = root
	probe, err := net.DialTimeout("unix", socketPath(root), time.Second)
	if err != nil {
		return nil, ErrNotRunning
	}
	probe.Close()
	a := &Attachment{options: o, alive: context.WithoutCancel(ctx)}
	dialing := []grpc.DialOption{
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return a.dial(ctx) }),
		grpc.WithDefaultServiceConfig(retries),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: passing, Multiplier: 2, MaxDelay: time.Second},
			MinConnectTimeout: time.Minute, // a process that ends may have much to free
		}),
	}
	a.conn, err = grpc.NewClient("passthrough:///slipway", append(dialing, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))...)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the engine on %s: %w", root, err)
	}
	var options []client.ClientOpt
	for _, o := range dialing {
		options = append(options, client.WithGRPCDialOption(o))
	}
	if a.bk, err = client.New(ctx, "unix://"+socketPath(root), options...); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot connect to the engine on %s: %w", root, err), a.conn.Close())
	}
	return a, nil
}

// dial finds a process that answers.
func (a *Attachment) dial(ctx context.Context) (net.Conn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.own == nil && a.failed == nil {
		conn, err := net.DialTimeout("unix", socketPath(a.options.Root), time.Second)
		if err == nil {
			conn, err = answering(ctx, conn)
		}
		if err == nil {
			return conn, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if a.options.Names == nil {
			return nil, err
		}
		var busy *BusyError
		a.own, err = Start(a.alive, a.options)
		switch {
		case errors.As(err, &busy):
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-time.After(passing):
			}
		case err != nil:
			a.failed = err
		}
	}
	if a.failed != nil {
		return nil, a.failed
	}
	return a.own.memory.DialContext(ctx)
}

// answering waits for the first byte of a server, which speaks first. A process that ends takes connections that it
// never answers, and a call must not lose one of its tries to each of them.
func answering(ctx context.Context, conn net.Conn) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	first := make([]byte, 1)
	_, err := conn.Read(first)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &answered{Conn: conn, first: first}, nil
}

// answered is a connection whose first bytes were read already.
type answered struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (c *answered) Read(p []byte) (int, error) {
	if len(c.first) == 0 || len(p) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.first)
	c.first = c.first[n:]
	return n, nil
}

// Services connects to the engine. Its content is read only.
func (a *Attachment) Services() Services {
	return Services{
		BuildKit: a.bk,
		Images:   ctd.NewImageStoreFromClient(imagesapi.NewImagesClient(a.conn)),
		Content:  steadyContent{proxy.NewContentStore(contentapi.NewContentClient(a.conn))},
	}
}

// Lost says why no engine can be had any more, which calls only tell as a connection that failed.
func (a *Attachment) Lost() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

// Close ends the connection, and the engine if one was started.
func (a *Attachment) Close() error {
	errs := []error{a.bk.Close(), a.conn.Close()}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.own != nil {
		errs = append(errs, a.own.Close())
	}
	return errors.Join(errs...)
}
