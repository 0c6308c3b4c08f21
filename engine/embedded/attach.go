//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"time"

	contentapi "github.com/containerd/containerd/api/services/content/v1"
	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	ctd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content/proxy"
	"github.com/containerd/containerd/v2/core/images"
	ctdmetadata "github.com/containerd/containerd/v2/core/metadata"
	"github.com/moby/buildkit/client"
	bolt "go.etcd.io/bbolt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// indexTimeout bounds how long Index waits at a time for the image database's file lock.
const indexTimeout = 50 * time.Millisecond

// indexPatience bounds how long Index waits for a process that cannot be asked:
// longer than one takes to stop.
const indexPatience = 3 * stopGrace

// Attachment is a connection to the engine of another process.
type Attachment struct {
	bk   *client.Client
	conn *grpc.ClientConn
}

// Attach connects to the process that holds root. The error is ErrNotRunning
// when there is none.
func Attach(ctx context.Context, root string) (*Attachment, error) {
	root, err := realRoot(root)
	if err != nil {
		return nil, err
	}
	path := socketPath(root)
	probe, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return nil, ErrNotRunning
	}
	probe.Close()
	conn, err := grpc.NewClient("unix://"+path, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the engine on %s: %w", root, err)
	}
	bk, err := client.New(ctx, "unix://"+path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot connect to the engine on %s: %w", root, err), conn.Close())
	}
	return &Attachment{bk: bk, conn: conn}, nil
}

// Services connects to the other process' engine. Its content is read only.
func (a *Attachment) Services() Services {
	return Services{
		BuildKit: a.bk,
		Images:   ctd.NewImageStoreFromClient(imagesapi.NewImagesClient(a.conn)),
		Content:  proxy.NewContentStore(contentapi.NewContentClient(a.conn)),
	}
}

// Close ends the connection.
func (a *Attachment) Close() error { return errors.Join(a.bk.Close(), a.conn.Close()) }

// Index lists the images under root without starting an engine, in a few
// milliseconds; while another process holds the root, that one is asked. One
// that is just starting or ending is waited for, indexPatience at most. An empty
// or missing root has no images.
func Index(ctx context.Context, root string) ([]images.Image, error) {
	for end := time.Now().Add(indexPatience); ; {
		list, err := readIndex(ctx, root)
		if !errors.Is(err, bolt.ErrTimeout) {
			return list, err
		}
		list, err = askIndex(ctx, root)
		if err == nil || ctx.Err() != nil || time.Now().After(end) {
			return list, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(indexTimeout):
		}
	}
}

// readIndex reads the images from the database. The error is bolt.ErrTimeout
// when another process holds it.
func readIndex(ctx context.Context, root string) (_ []images.Image, err error) {
	// The database library panics on a damaged file, or faults on a truncated one.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot read %s: %v\nhint: if the file is damaged, remove the folder it is in; the images are built again", metaPath(root), r)
		}
	}()
	if _, err := os.Stat(metaPath(root)); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	db, err := bolt.Open(metaPath(root), 0o600, &bolt.Options{ReadOnly: true, Timeout: indexTimeout})
	if err != nil {
		return nil, fmt.Errorf("cannot open image database: %w", err)
	}
	defer db.Close()
	store := boundImages{ctdmetadata.NewImageStore(ctdmetadata.NewDB(db, nil, nil))}
	list, err := store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list images: %w", err)
	}
	return list, nil
}

// askIndex asks the process that holds the root.
func askIndex(ctx context.Context, root string) ([]images.Image, error) {
	a, err := Attach(ctx, root)
	if err != nil {
		return nil, &BusyError{Root: root, Holder: readHolder(root)}
	}
	defer a.Close()
	list, err := a.Services().Images.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list images of the running engine: %w", err)
	}
	return list, nil
}
