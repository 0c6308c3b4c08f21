package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Missing lists what is not there of an image, as this machine's platform needs it: of its manifest, its
// configuration and its layers those that are not on the disk, or not in their whole length. Layers
// that may not be distributed need not be there.
func Missing(ctx context.Context, blobs content.Provider, target ocispecs.Descriptor) ([]ocispecs.Descriptor, error) {
	return MissingBy(ctx, blobs, func(d ocispecs.Descriptor) (bool, error) { return readable(ctx, blobs, d) }, target)
}

// MissingBy is Missing with another way to find out whether a blob is there.
func MissingBy(ctx context.Context, blobs content.Provider, there func(ocispecs.Descriptor) (bool, error), target ocispecs.Descriptor) ([]ocispecs.Descriptor, error) {
	var missing []ocispecs.Descriptor
	children := images.LimitManifests(images.ChildrenHandler(blobs), platforms.Default(), 1)
	handler := images.HandlerFunc(func(ctx context.Context, d ocispecs.Descriptor) ([]ocispecs.Descriptor, error) {
		if images.IsNonDistributable(d.MediaType) {
			return nil, nil
		}
		ok, err := there(d)
		if err != nil {
			return nil, err
		}
		if !ok {
			missing = append(missing, d)
			return nil, nil
		}
		if !images.IsManifestType(d.MediaType) && !images.IsIndexType(d.MediaType) {
			return nil, nil
		}
		return children(ctx, d)
	})
	err := images.Walk(ctx, handler, target)
	return missing, err
}

// readable looks at the file itself: the database may know of one that is gone. What others are found by,
// manifests and indexes, must be what their digests say.
func readable(ctx context.Context, blobs content.Provider, d ocispecs.Descriptor) (bool, error) {
	r, err := blobs.ReaderAt(ctx, d)
	if err != nil {
		return false, unlessLost(err)
	}
	defer r.Close()
	if r.Size() != d.Size {
		return false, nil
	}
	if images.IsManifestType(d.MediaType) || images.IsIndexType(d.MediaType) {
		verifier := d.Digest.Verifier()
		_, err := io.Copy(verifier, io.NewSectionReader(r, 0, d.Size))
		return err == nil && verifier.Verified(), unlessLost(err)
	}
	last := make([]byte, min(1, d.Size))
	n, err := r.ReadAt(last, d.Size-int64(len(last)))
	if n == len(last) {
		return true, nil
	}
	return false, unlessLost(err)
}

func unlessLost(err error) error {
	if Lost(err) {
		return nil
	}
	return err
}

// Lost tells the errors of a blob that is gone, cut, on a bad part of the disk, or no file: it is made or fetched
// again. Others, such as too many open files, say nothing about the blob.
func Lost(err error) bool {
	for _, lost := range []error{
		fs.ErrNotExist, io.EOF, io.ErrUnexpectedEOF, syscall.EIO, syscall.EBADMSG, syscall.ELOOP, syscall.ENXIO, syscall.EISDIR,
	} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return errdefs.IsNotFound(err)
}

// Heal lets the database forget what is missing of an image, so that it can be written again. What lies
// in its place is set aside: the content store takes a file that is there for what its name says.
func (n *Names) Heal(ctx context.Context, target ocispecs.Descriptor) error {
	missing, err := Missing(ctx, n.blobs, target)
	if err != nil {
		return fmt.Errorf("cannot look at the content of %s: %w", target.Digest, err)
	}
	if slices.ContainsFunc(missing, func(d ocispecs.Descriptor) bool {
		return images.IsManifestType(d.MediaType) || images.IsIndexType(d.MediaType)
	}) {
		more, err := n.gone(ctx)
		if err != nil {
			return fmt.Errorf("cannot look at the content of %s: %w", target.Digest, err)
		}
		missing = append(missing, more...)
	}
	for _, d := range missing {
		if err := n.blobs.Delete(ctx, d.Digest); err != nil && !errdefs.IsNotFound(err) {
			return fmt.Errorf("cannot mend %s: %w", target.Digest, err)
		}
		file := filepath.Join(n.folder, "content", "blobs", d.Digest.Algorithm().String(), d.Digest.Encoded())
		if _, err := SetAside(n.folder, file, d.Digest); err != nil {
			return fmt.Errorf("cannot mend %s: %w", target.Digest, err)
		}
	}
	return nil
}

// gone lists what the database knows and the disk does not have: of an image whose manifest is lost, nobody
// can say what else belongs to it.
func (n *Names) gone(ctx context.Context) (gone []ocispecs.Descriptor, err error) {
	var known []ocispecs.Descriptor
	err = n.blobs.Walk(ctx, func(info content.Info) error {
		known = append(known, ocispecs.Descriptor{Digest: info.Digest, Size: info.Size})
		return nil
	})
	for _, d := range known {
		there := true
		if err == nil {
			there, err = readable(ctx, n.blobs, d)
		}
		if !there {
			gone = append(gone, d)
		}
	}
	return gone, err
}

// SetAside moves a damaged blob's file where nobody takes it for what its name says, and returns where that is. It
// is no error if there is none.
func SetAside(folder, file string, d digest.Digest) (string, error) {
	damaged := filepath.Join(folder, "damaged")
	to := filepath.Join(damaged, d.Algorithm().String()+"-"+d.Encoded())
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	err := os.MkdirAll(damaged, 0o700)
	if err == nil {
		err = os.RemoveAll(to) // what was set aside before; a folder cannot replace a file
	}
	if err == nil {
		err = os.Rename(file, to)
	}
	if errors.Is(err, fs.ErrNotExist) { // it was removed meanwhile
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot set damaged content aside: %w", err)
	}
	return to, nil
}
