package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/errdefs"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// blobStore is the folder of blobs. What is no regular file in it, such as a pipe, which nobody ever writes
// into, is no blob.
type blobStore struct {
	content.Store
	folder string
}

func newBlobStore(folder string) (content.Store, error) {
	store, err := local.NewStore(folder)
	return blobStore{store, folder}, err
}

// ReaderAt implements content.Provider.
func (b blobStore) ReaderAt(ctx context.Context, desc ocispecs.Descriptor) (content.ReaderAt, error) {
	if err := desc.Digest.Validate(); err == nil {
		info, err := os.Lstat(filepath.Join(b.folder, "blobs", desc.Digest.Algorithm().String(), desc.Digest.Encoded()))
		if err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("blob %s is no file: %w", desc.Digest, errdefs.ErrNotFound)
		}
	}
	return b.Store.ReaderAt(ctx, desc)
}
