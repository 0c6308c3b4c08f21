// Package store reads and changes the local images: names, sizes, marks, pins.
//
// It works on containerd's image and content interfaces, whoever serves them. The labels of an image are
// the marks of the manifest that it stands for (package journal), so they count under all its names.
package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/images/archive"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/ref"
)

// testedLabel marks an image, in the store only, whose test has passed or that
// has none. An image without it is not good yet: its run was cut short.
const testedLabel = "slipway.io/tested"

// inputsLabel holds, in the store only, the digest of what an image was made from.
const inputsLabel = "slipway.io/inputs"

// followedLabel holds, in the store only, the record of what an image's build followed of its context, and
// levelLabel the level of the engine that made it.
const (
	followedLabel = "slipway.io/followed"
	levelLabel    = "slipway.io/level"
)

// idLabel holds, in the store only, the digest of an image's configuration. Two images with the same
// one have the same content, whatever their manifests say beside it.
const idLabel = "slipway.io/id"

// testLabel holds, in the store only, the digest of the test that an image has passed.
const testLabel = "slipway.io/test"

// Values of testedLabel.
const (
	TestPassed = "passed"
	TestNone   = "none"
	// TestPublished is for an image that was fetched from where only good ones are published.
	TestPublished = "published"
)

// ErrNotFound is wrapped by errors about images that are not in the store.
var ErrNotFound = errors.New("no such image")

// Store is the local images. It is safe for concurrent use.
type Store struct {
	images  images.Store
	content content.Store
}

// New returns a store on containerd's services, which stay the caller's.
func New(i images.Store, c content.Store) *Store { return &Store{images: i, content: c} }

// Image is one name in the store.
type Image struct {
	Ref     string           `json:"ref"`  // canonical: docker.io/library/base:1.0
	Name    string           `json:"name"` // as people write it, without the tag: base
	Tag     string           `json:"tag"`  // empty for images without a tag
	Digest  digests.Manifest `json:"digest"`
	Size    int64            `json:"size"`             // bytes of all blobs, compressed
	Created time.Time        `json:"created"`          // from the image's configuration
	Tested  string           `json:"tested,omitempty"` // testedLabel's value
	Test    string           `json:"test,omitempty"`   // testLabel's value
	Inputs  digests.Inputs   `json:"inputs,omitempty"` // inputsLabel's value
	// Followed and Level are the values of followedLabel and levelLabel.
	Followed string         `json:"followed,omitempty"`
	Level    int            `json:"level,omitempty"`
	ID       digests.Config `json:"id,omitempty"` // idLabel's value
	// Damaged says why the image cannot be used, when blobs of it are missing.
	Damaged string `json:"damaged,omitempty"`

	target ocispecs.Descriptor
}

// FromIndex turns containerd's records into images. Sizes and times stay zero:
// nothing but the records is read.
func FromIndex(list []images.Image) []Image {
	out := make([]Image, len(list))
	for i, img := range list {
		out[i] = fromRecord(img)
	}
	slices.SortFunc(out, func(a, b Image) int { return cmp.Compare(a.Ref, b.Ref) })
	return out
}

func fromRecord(img images.Image) Image {
	out := Image{
		Ref: img.Name, Name: img.Name, Digest: digests.Manifest(img.Target.Digest), target: img.Target,
		Tested: img.Labels[testedLabel], Test: img.Labels[testLabel], Inputs: digests.Inputs(img.Labels[inputsLabel]), ID: digests.Config(img.Labels[idLabel]),
	}
	out.Followed = img.Labels[followedLabel]
	out.Level, _ = strconv.Atoi(img.Labels[levelLabel]) // zero when that is not known
	name := ref.Known(img.Name)
	out.Name, out.Tag = name.Name(), name.Tag()
	return out
}

// List returns all images, sorted by reference, with sizes and times.
func (s *Store) List(ctx context.Context) ([]Image, error) {
	list, err := s.images.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list images: %w", err)
	}
	out := FromIndex(list)
	byName := map[string]images.Image{}
	for _, img := range list {
		byName[img.Name] = img
	}
	for i := range out {
		if err := s.details(ctx, byName[out[i].Ref], &out[i]); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			out[i].Damaged = err.Error()
		}
	}
	return out, nil
}

func (s *Store) details(ctx context.Context, img images.Image, out *Image) error {
	if err := s.check(ctx, img); err != nil {
		return fmt.Errorf("%s is damaged: %w", img.Name, err)
	}
	manifest, err := images.Manifest(ctx, s.content, img.Target, platforms.Default())
	if err != nil {
		return fmt.Errorf("cannot read manifest of %s: %w", img.Name, err)
	}
	out.Size = img.Target.Size + manifest.Config.Size
	for _, l := range manifest.Layers {
		out.Size += l.Size
	}
	data, err := content.ReadBlob(ctx, s.content, manifest.Config)
	if err != nil {
		return fmt.Errorf("cannot read configuration of %s: %w", img.Name, err)
	}
	var config ocispecs.Image
	if err := json.Unmarshal(data, &config); err != nil {
		return fmt.Errorf("cannot read configuration of %s: %w", img.Name, err)
	}
	if config.Created != nil {
		out.Created = *config.Created
	}
	return nil
}

// Get returns one image. The error wraps ErrNotFound when it is not there.
func (s *Store) Get(ctx context.Context, ref string) (Image, error) {
	record, err := s.record(ctx, ref)
	if err != nil {
		return Image{}, err
	}
	out := fromRecord(record)
	return out, s.details(ctx, record, &out)
}

func (s *Store) record(ctx context.Context, given string) (images.Image, error) {
	name, err := ref.Parse(given)
	if err != nil {
		return images.Image{}, err
	}
	img, err := s.images.Get(ctx, name.String())
	if errdefs.IsNotFound(err) {
		return img, fmt.Errorf("%w: %s", ErrNotFound, given)
	}
	if err != nil {
		return img, fmt.Errorf("cannot find image %s: %w", given, err)
	}
	return img, nil
}

// Look returns what the store's record says of an image, without sizes and times: nothing else is
// read. The error wraps ErrNotFound when the image is not there.
func (s *Store) Look(ctx context.Context, ref string) (Image, error) {
	img, err := s.record(ctx, ref)
	if err != nil {
		return Image{}, err
	}
	return fromRecord(img), nil
}

// Identity is what stands for the image's content: its id, or the digest of an image whose id is not
// known.
func (i Image) Identity() digests.Config { return cmp.Or(i.ID, digests.Config(i.Digest)) }

// Has tells whether the store knows the name. It reads nothing else.
func (s *Store) Has(ctx context.Context, ref string) (bool, error) {
	_, err := s.record(ctx, ref)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Tag gives an image a further name, with all marks, or moves that name to it.
func (s *Store) Tag(ctx context.Context, given, name string) error {
	img, err := s.record(ctx, given)
	if err != nil {
		return err
	}
	as, err := ref.Parse(name)
	if err != nil {
		return err
	}
	img.Name = as.String()
	if err := s.name(ctx, img); err != nil {
		return fmt.Errorf("cannot name %s %s: %w", given, name, err)
	}
	return nil
}

// MarkTested records how the image's test went; value is TestPassed, TestNone or, for an image that
// is good no more, empty; test is the digest of the test, empty for none.
func (s *Store) MarkTested(ctx context.Context, ref, value, test string) error {
	return s.label(ctx, ref, testedLabel, value, testLabel, test)
}

// Marks say what an image was made from; what is not known is empty.
type Marks struct {
	ID       digests.Config // idLabel's value
	Inputs   digests.Inputs
	Followed string // the record by which files were chosen
	Level    int    // of the engine; zero when that is not known
}

// MarkInputs records what the image was made from.
func (s *Store) MarkInputs(ctx context.Context, ref string, m Marks) error {
	level := ""
	if m.Level != 0 {
		level = strconv.Itoa(m.Level)
	}
	return s.label(ctx, ref, idLabel, string(m.ID), inputsLabel, string(m.Inputs), followedLabel, m.Followed, levelLabel, level)
}

// label sets pairs of keys and values.
func (s *Store) label(ctx context.Context, ref string, pairs ...string) error {
	img, err := s.record(ctx, ref)
	if err != nil {
		return err
	}
	labels := maps.Clone(img.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if labels[pairs[i]] = pairs[i+1]; pairs[i+1] == "" {
			delete(labels, pairs[i])
		}
	}
	img.Labels = labels
	if _, err := s.images.Update(ctx, img, "labels"); err != nil {
		return fmt.Errorf("cannot mark %s: %w", ref, err)
	}
	return nil
}

// Remove takes the name out of the store. It is idempotent. The blobs stay
// until the engine collects what no name holds.
func (s *Store) Remove(ctx context.Context, given string) error {
	name, err := ref.Parse(given)
	if err != nil {
		return err
	}
	if err := s.images.Delete(ctx, name.String()); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("cannot remove %s: %w", given, err)
	}
	return s.unpin(ctx, name)
}

// Save writes images as one tar that is both an OCI image layout and what
// "docker load" reads (manifest.json). Nothing is written when a name is unknown, or an image damaged.
func (s *Store) Save(ctx context.Context, w io.Writer, refs ...string) error {
	// Of an image that was fetched only this machine's part is there.
	opts := []archive.ExportOpt{archive.WithPlatform(platforms.Default()), archive.WithSkipMissing(s.content)}
	for _, ref := range refs {
		if err := s.Check(ctx, ref); err != nil {
			return fmt.Errorf("cannot save %s: %w", ref, err)
		}
		img, err := s.record(ctx, ref)
		if err != nil {
			return err
		}
		opts = append(opts, archive.WithManifest(img.Target, img.Name))
	}
	out := &notingWriter{w: w}
	err := archive.Export(ctx, s.content, out, opts...)
	if err != nil && out.err == nil && ctx.Err() == nil {
		for _, ref := range refs {
			if damage := s.CheckRead(ctx, ref); errors.Is(damage, ErrDamaged) {
				return fmt.Errorf("cannot save %s: %w", ref, damage)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("cannot save images: %w", err)
	}
	return nil
}

// notingWriter tells whether it was the reader that failed.
type notingWriter struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (n *notingWriter) Write(p []byte) (int, error) {
	written, err := n.w.Write(p)
	if err != nil {
		n.err = err
	}
	return written, err
}

// ContentSize is the sum of all blobs in bytes, whoever holds them.
func (s *Store) ContentSize(ctx context.Context) (int64, error) {
	var sum int64
	err := s.content.Walk(ctx, func(info content.Info) error {
		sum += info.Size
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("cannot read content store: %w", err)
	}
	return sum, nil
}

// Layers lists the digests of an image's layers, lowest first.
func (s *Store) Layers(ctx context.Context, ref string) ([]string, error) {
	img, err := s.record(ctx, ref)
	if err != nil {
		return nil, err
	}
	manifest, err := images.Manifest(ctx, s.content, img.Target, platforms.Default())
	if err != nil {
		return nil, fmt.Errorf("cannot read manifest of %s: %w", ref, err)
	}
	out := make([]string, len(manifest.Layers))
	for i, l := range manifest.Layers {
		out[i] = l.Digest.String()
	}
	return out, nil
}
