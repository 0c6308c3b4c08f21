package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
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
	blobs := &blobFiles{folder: filepath.Join(l.Blobs, "blobs")}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	const chunk = 16
	for begin := 0; begin < len(list); begin += chunk {
		group.Go(func() error {
			for _, img := range list[begin:min(begin+chunk, len(list))] {
				missing, err := blobs.missing(ctx, img.target)
				if err != nil {
					return fmt.Errorf("cannot look at the content of %s: %w", img.Ref, err)
				}
				if len(missing) > 0 {
					img.Damaged = damage(missing[0], len(missing)-1, blobs.other(missing[0]))
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// blobFiles reads the blobs in the folder of containerd's local content store, which it leaves as it is.
// It looks at each blob once: images share their parents' layers.
type blobFiles struct {
	folder string
	seen   sync.Map // digest to its size, -1 when it is not there
	wrong  sync.Map // digests of manifests and indexes that have other content
	whole  sync.Map // digests of manifests all of whose parts are there
}

func (b *blobFiles) path(d ocispecs.Descriptor) (string, error) {
	if err := d.Digest.Validate(); err != nil {
		return "", err
	}
	return filepath.Join(b.folder, d.Digest.Algorithm().String(), d.Digest.Encoded()), nil
}

// missing is journal.MissingBy, with a short way for the manifest of one image.
func (b *blobFiles) missing(ctx context.Context, target ocispecs.Descriptor) ([]ocispecs.Descriptor, error) {
	if _, known := b.whole.Load(target.Digest); known { // an image has several names
		return nil, nil
	}
	if !images.IsManifestType(target.MediaType) {
		return journal.MissingBy(ctx, b, b.there, target)
	}
	data, err := b.read(target)
	if journal.Lost(err) {
		return []ocispecs.Descriptor{target}, nil
	}
	if errors.Is(err, errOther) {
		b.wrong.Store(target.Digest, true)
		return []ocispecs.Descriptor{target}, nil
	}
	if err != nil {
		return nil, err
	}
	b.seen.Store(target.Digest, target.Size)
	type part struct {
		MediaType string
		Digest    digest.Digest
		Size      int64
	}
	var m struct {
		Config part
		Layers []part
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("cannot read manifest %s: %w", target.Digest, err)
	}
	var missing []ocispecs.Descriptor
	for _, p := range append(m.Layers, m.Config) {
		d := ocispecs.Descriptor{MediaType: p.MediaType, Digest: p.Digest, Size: p.Size}
		there, err := b.there(d)
		if err != nil {
			return nil, err
		}
		if !there && !images.IsNonDistributable(d.MediaType) {
			missing = append(missing, d)
		}
	}
	if len(missing) == 0 {
		b.whole.Store(target.Digest, true)
	}
	return missing, nil
}

// other tells whether the blob was found to have other content than its digest says.
func (b *blobFiles) other(d ocispecs.Descriptor) bool {
	_, wrong := b.wrong.Load(d.Digest)
	return wrong
}

// count is how many blobs were looked at.
func (b *blobFiles) count() (n int) {
	b.seen.Range(func(any, any) bool { n++; return true })
	return n
}

// there tells whether the blob is there, in its whole length; of an index, whether it is what its digest says.
func (b *blobFiles) there(d ocispecs.Descriptor) (bool, error) {
	if images.IsIndexType(d.MediaType) && !b.other(d) {
		if _, err := b.read(d); errors.Is(err, errOther) {
			b.wrong.Store(d.Digest, true)
		}
	}
	if b.other(d) {
		return false, nil
	}
	if size, seen := b.seen.Load(d.Digest); seen {
		return size == d.Size, nil
	}
	name, err := b.path(d)
	if err != nil {
		return false, err
	}
	size := int64(-1)
	info, err := os.Lstat(name)
	switch {
	case err == nil:
		size = info.Size()
	case !journal.Lost(err):
		return false, err
	}
	b.seen.Store(d.Digest, size)
	return size == d.Size, nil
}

// maxManifest bounds what is read of a manifest or an index.
const maxManifest = 16 << 20

var errOther = errors.New("it has other content than its digest says")

// ReaderAt implements content.Provider, for what fits into memory.
func (b *blobFiles) ReaderAt(_ context.Context, d ocispecs.Descriptor) (content.ReaderAt, error) {
	data, err := b.read(d)
	if err != nil {
		return nil, err
	}
	return blobReader{bytes.NewReader(data)}, nil
}

// read returns a manifest or an index; its error wraps errOther when that has other content.
func (b *blobFiles) read(d ocispecs.Descriptor) ([]byte, error) {
	name, err := b.path(d)
	if err != nil {
		return nil, err
	}
	if d.Size < 0 || d.Size > maxManifest {
		return nil, fmt.Errorf("cannot read %s: it is said to have %d bytes", name, d.Size)
	}
	data, err := readSmall(name, d.Size)
	if err != nil {
		return nil, err
	}
	if d.Digest != d.Digest.Algorithm().FromBytes(data) {
		return nil, fmt.Errorf("cannot use %s: %w", name, errOther)
	}
	return data, nil
}

type blobReader struct{ *bytes.Reader }

func (blobReader) Close() error { return nil }
