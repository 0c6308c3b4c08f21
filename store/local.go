package store

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/content/local"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/store/journal"
)

// Local is a store that is looked at without an engine, whoever uses it meanwhile.
type Local struct {
	Folder string // with the journal of names
	Blobs  string // the folder of containerd's local content store
}

// Index lists the images without sizes and times. Nothing is known when the folder has no journal yet.
func (l Local) Index() (list []Image, known bool, err error) {
	records, known, err := journal.Read(l.Folder)
	return FromIndex(records), known, err
}

// Check finds out which of the images are not all there, and sets their Damaged.
func (l Local) Check(ctx context.Context, list []*Image) error {
	if len(list) == 0 {
		return nil
	}
	blobs := blobFiles(l.Blobs)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	const chunk = 16
	for begin := 0; begin < len(list); begin += chunk {
		group.Go(func() error {
			for _, img := range list[begin:min(begin+chunk, len(list))] {
				missing, err := journal.Missing(ctx, blobs, img.target)
				if err != nil {
					return fmt.Errorf("cannot look at the content of %s: %w", img.Ref, err)
				}
				if len(missing) > 0 {
					img.Damaged = damage(missing[0], len(missing)-1)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// blobFiles reads the blobs below a folder of containerd's local content store, which it leaves as it is.
type blobFiles string

// ReaderAt implements content.Provider.
func (dir blobFiles) ReaderAt(_ context.Context, d ocispecs.Descriptor) (content.ReaderAt, error) {
	if err := d.Digest.Validate(); err != nil {
		return nil, err
	}
	return local.OpenReader(filepath.Join(string(dir), "blobs", d.Digest.Algorithm().String(), d.Digest.Encoded()))
}
