// Package storetest opens a store as the engine does, with containerd's database, content store and
// garbage collection, but without an engine; and it makes images of a few bytes.
package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sirupsen/logrus"
	bolt "go.etcd.io/bbolt"

	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/store/journal"
)

// Root is an open store. Its context must be Context's.
type Root struct {
	Folder   string
	Database images.Store // without the journal
	Names    *journal.Names
	Content  content.Store
	Store    *store.Store

	db     *bolt.DB
	mdb    *metadata.DB
	leases leases.Manager
}

// Context is in the name space of the stores.
func Context(ctx context.Context) context.Context {
	return namespaces.WithNamespace(ctx, "buildkit")
}

// Wrap, if not nil, is put around the database under the journal.
type Wrap func(images.Store) images.Store

// Open opens the store in a folder.
func Open(ctx context.Context, folder string, wrap Wrap) (_ *Root, err error) {
	logrus.SetLevel(logrus.ErrorLevel) // containerd warns of file systems without fs-verity
	r := &Root{Folder: folder}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	blobs, err := local.NewStore(filepath.Join(folder, "content"))
	if err != nil {
		return nil, err
	}
	if r.db, err = bolt.Open(filepath.Join(folder, "containerdmeta.db"), 0o600, &bolt.Options{NoSync: true}); err != nil {
		return nil, err
	}
	r.mdb = metadata.NewDB(r.db, blobs, nil)
	if err := r.mdb.Init(ctx); err != nil {
		return nil, err
	}
	r.Database, r.Content, r.leases = metadata.NewImageStore(r.mdb), r.mdb.ContentStore(), metadata.NewLeaseManager(r.mdb)
	if wrap != nil {
		r.Database = wrap(r.Database)
	}
	if r.Names, err = journal.Open(ctx, folder, r.Database, r.Content); err != nil {
		return nil, err
	}
	r.Store = store.New(r.Names, r.Content)
	return r, nil
}

// Close closes everything.
func (r *Root) Close() error {
	var errs []error
	if r.Names != nil {
		errs = append(errs, r.Names.Close())
	}
	if r.db != nil {
		errs = append(errs, r.db.Close())
	}
	return errors.Join(errs...)
}

// Local is the store as a plan looks at it.
func (r *Root) Local() store.Local {
	return store.Local{Folder: r.Folder, Blobs: filepath.Join(r.Folder, "content")}
}

// Collect runs containerd's garbage collection.
func (r *Root) Collect(ctx context.Context) error {
	return r.Names.Collecting(func() error {
		_, err := r.mdb.GarbageCollect(ctx)
		return err
	})
}

// Hold keeps what is written with the context from being collected, until release.
func (r *Root) Hold(ctx context.Context) (held context.Context, release func(), err error) {
	l, err := r.leases.Create(ctx, leases.WithRandomID())
	if err != nil {
		return nil, nil, err
	}
	return leases.WithLease(ctx, l.ID), func() { _ = r.leases.Delete(context.WithoutCancel(ctx), l) }, nil
}

// Write writes an image with one layer per text, for this machine's platform, as an export does: blobs
// and labels first, and gives it the name unless that is empty.
func (r *Root) Write(ctx context.Context, name string, annotations map[string]string, layers ...string) (ocispecs.Descriptor, error) {
	config := ocispecs.Image{Platform: platforms.DefaultSpec(), RootFS: ocispecs.RootFS{Type: "layers"}}
	manifest := ocispecs.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageManifest, Annotations: annotations}
	for _, text := range layers {
		d, err := r.Blob(ctx, ocispecs.MediaTypeImageLayer, []byte(text))
		if err != nil {
			return d, err
		}
		manifest.Layers = append(manifest.Layers, d)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, d.Digest)
	}
	var err error
	if manifest.Config, err = r.document(ctx, ocispecs.MediaTypeImageConfig, config); err != nil {
		return manifest.Config, err
	}
	target, err := r.document(ctx, ocispecs.MediaTypeImageManifest, manifest)
	if err != nil || name == "" {
		return target, err
	}
	return target, r.Store.Put(ctx, name, target)
}

func (r *Root) document(ctx context.Context, mediaType string, v any) (ocispecs.Descriptor, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return ocispecs.Descriptor{}, err
	}
	return r.Blob(ctx, mediaType, data)
}

// Blob writes a blob.
func (r *Root) Blob(ctx context.Context, mediaType string, data []byte) (ocispecs.Descriptor, error) {
	d := ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	if err := content.WriteBlob(ctx, r.Content, "blob-"+d.Digest.String(), bytes.NewReader(data), d); err != nil {
		return d, fmt.Errorf("cannot write blob: %w", err)
	}
	return d, nil
}

// Keep keeps what the target leads to from being collected, as an export does.
func (r *Root) Keep(ctx context.Context, target ocispecs.Descriptor) error {
	return images.Dispatch(ctx, images.SetChildrenLabels(r.Content, images.ChildrenHandler(r.Content)), nil, target)
}

// Read reads a blob.
func (r *Root) Read(ctx context.Context, d ocispecs.Descriptor) ([]byte, error) {
	return content.ReadBlob(ctx, r.Content, d)
}

// Copy copies the store's files to another folder as a process that is killed now would leave them. The
// caller is in the middle of a change of names, so nothing is collected meanwhile.
func (r *Root) Copy(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	// The journal first: it is never ahead of the database.
	lines, err := os.ReadFile(journal.Path(r.Folder))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err == nil {
		if err := os.WriteFile(journal.Path(folder), lines, 0o600); err != nil {
			return err
		}
	}
	err = r.db.View(func(tx *bolt.Tx) error { return tx.CopyFile(filepath.Join(folder, "containerdmeta.db"), 0o600) })
	if err != nil {
		return err
	}
	blobs := filepath.Join("content", "blobs")
	return filepath.WalkDir(filepath.Join(r.Folder, blobs), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(r.Folder, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(folder, rel), 0o700)
		}
		return os.Link(path, filepath.Join(folder, rel)) // blobs do not change
	})
}
