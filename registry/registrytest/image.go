package registrytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// Blobs is content in memory: a source to push from and a sink to pull into.
type Blobs struct {
	mu    sync.Mutex
	data  map[digest.Digest][]byte
	parts map[string][]byte // of broken transfers, by reference
}

// NewBlobs returns an empty one.
func NewBlobs() *Blobs {
	return &Blobs{data: map[digest.Digest][]byte{}, parts: map[string][]byte{}}
}

// Add keeps data and returns its descriptor.
func (b *Blobs) Add(mediaType string, data []byte) ocispecs.Descriptor {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := digest.FromBytes(data)
	b.data[d] = data
	return ocispecs.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
}

// Spoil makes a blob's content other than its digest says.
func (b *Blobs) Spoil(d digest.Digest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	other := bytes.Clone(b.data[d])
	other[len(other)/2] ^= 1
	b.data[d] = other
}

// Remove forgets a blob.
func (b *Blobs) Remove(d digest.Digest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.data, d)
}

// Get returns a blob, nil when there is none.
func (b *Blobs) Get(d digest.Digest) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data[d]
}

// Len is how many there are.
func (b *Blobs) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.data)
}

// Part keeps the beginning of a transfer that another process left.
func (b *Blobs) Part(ref string, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parts[ref] = data
}

// ReaderAt implements containerd's content.Provider.
func (b *Blobs) ReaderAt(_ context.Context, d ocispecs.Descriptor) (content.ReaderAt, error) {
	data := b.Get(d.Digest)
	if data == nil {
		return nil, errdefs.ErrNotFound
	}
	return readerAt{bytes.NewReader(data)}, nil
}

type readerAt struct{ *bytes.Reader }

func (readerAt) Close() error { return nil }

// Writer implements containerd's content.Ingester.
func (b *Blobs) Writer(_ context.Context, opts ...content.WriterOpt) (content.Writer, error) {
	var o content.WriterOpts
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return nil, err
		}
	}
	if b.Get(o.Desc.Digest) != nil {
		return nil, errdefs.ErrAlreadyExists
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return &writer{b: b, ref: o.Ref, data: bytes.Clone(b.parts[o.Ref])}, nil
}

type writer struct {
	b    *Blobs
	ref  string
	data []byte
	done bool
}

func (w *writer) Write(p []byte) (int, error) { w.data = append(w.data, p...); return len(p), nil }

func (w *writer) Close() error {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	if !w.done {
		w.b.parts[w.ref] = w.data
	}
	return nil
}

func (w *writer) Digest() digest.Digest { return digest.FromBytes(w.data) }

func (w *writer) Commit(_ context.Context, size int64, expected digest.Digest, _ ...content.Opt) error {
	if int64(len(w.data)) != size || w.Digest() != expected {
		return errors.New("the content is not what it should be")
	}
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	w.done, w.b.data[expected] = true, w.data
	delete(w.b.parts, w.ref)
	return nil
}

func (w *writer) Status() (content.Status, error) {
	return content.Status{Ref: w.ref, Offset: int64(len(w.data))}, nil
}

func (w *writer) Truncate(size int64) error { w.data = w.data[:size]; return nil }

// Image makes an image of layers that hold noise, the same for the same seed.
func (b *Blobs) Image(t testing.TB, seed uint64, layers ...int) ocispecs.Descriptor {
	t.Helper()
	d, _ := b.image(t, seed, ocispecs.Platform{OS: "linux", Architecture: "amd64"}, layers)
	return d
}

func (b *Blobs) image(t testing.TB, seed uint64, p ocispecs.Platform, layers []int) (ocispecs.Descriptor, ocispecs.Manifest) {
	m := ocispecs.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageManifest}
	date := time.Unix(int64(seed), 0).UTC()
	config := ocispecs.Image{Created: &date, Platform: p, RootFS: ocispecs.RootFS{Type: "layers"}}
	for i, size := range layers {
		data := Noise(seed*1000+uint64(i), size)
		m.Layers = append(m.Layers, b.Add(ocispecs.MediaTypeImageLayer, data))
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest.FromBytes(data))
	}
	m.Config = b.Add(ocispecs.MediaTypeImageConfig, marshal(t, config))
	return b.Add(ocispecs.MediaTypeImageManifest, marshal(t, m)), m
}

// Index makes an image for amd64 and arm64 with an attestation for each.
func (b *Blobs) Index(t testing.TB, seed uint64, layers ...int) ocispecs.Descriptor {
	t.Helper()
	index := ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex}
	var notes []ocispecs.Descriptor
	for i, arch := range []string{"amd64", "arm64"} {
		p := ocispecs.Platform{OS: "linux", Architecture: arch}
		d, _ := b.image(t, seed*10+uint64(i), p, layers)
		d.Platform = &p
		index.Manifests = append(index.Manifests, d)

		note := ocispecs.Manifest{
			Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageManifest,
			Config: b.Add(ocispecs.MediaTypeImageConfig, []byte(`{"architecture":"unknown","os":"unknown","rootfs":{"type":"layers","diff_ids":[]}}`)),
			Layers: []ocispecs.Descriptor{b.Add("application/vnd.in-toto+json", []byte(`{"of":"`+d.Digest.String()+`"}`))},
		}
		n := b.Add(ocispecs.MediaTypeImageManifest, marshal(t, note))
		n.Platform = &ocispecs.Platform{OS: "unknown", Architecture: "unknown"}
		n.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": d.Digest.String()}
		notes = append(notes, n)
	}
	index.Manifests = append(index.Manifests, notes...)
	return b.Add(ocispecs.MediaTypeImageIndex, marshal(t, index))
}

// Noise is bytes that do not compress.
func Noise(seed uint64, size int) []byte {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	out := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(out) // never fails
	return out
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Info implements content.InfoProvider.
func (b *Blobs) Info(_ context.Context, d digest.Digest) (content.Info, error) {
	data := b.Get(d)
	if data == nil {
		return content.Info{}, fmt.Errorf("blob %s: %w", d, errdefs.ErrNotFound)
	}
	return content.Info{Digest: d, Size: int64(len(data))}, nil
}
