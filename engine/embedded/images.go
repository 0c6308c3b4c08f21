package embedded

import (
	"context"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/opencontainers/go-digest"
)

// boundImages puts every call of an image store into the engine's name space:
// BuildKit's exporter and resolver call it with contexts that name none.
type boundImages struct{ store images.Store }

func (b boundImages) Get(ctx context.Context, name string) (images.Image, error) {
	return b.store.Get(namespaces.WithNamespace(ctx, namespace), name)
}

func (b boundImages) List(ctx context.Context, filters ...string) ([]images.Image, error) {
	return b.store.List(namespaces.WithNamespace(ctx, namespace), filters...)
}

func (b boundImages) Create(ctx context.Context, image images.Image) (images.Image, error) {
	return b.store.Create(namespaces.WithNamespace(ctx, namespace), image)
}

func (b boundImages) Update(ctx context.Context, image images.Image, fieldpaths ...string) (images.Image, error) {
	return b.store.Update(namespaces.WithNamespace(ctx, namespace), image, fieldpaths...)
}

func (b boundImages) Delete(ctx context.Context, name string, opts ...images.DeleteOpt) error {
	return b.store.Delete(namespaces.WithNamespace(ctx, namespace), name, opts...)
}

// ownContent is BuildKit's content store, in which what is lost can be forgotten: BuildKit's own refuses to
// delete anything, as leases decide what is kept.
type ownContent struct {
	content.Store
	database content.Store
}

func (c ownContent) Delete(ctx context.Context, d digest.Digest) error {
	return c.database.Delete(namespaces.WithNamespace(ctx, namespace), d)
}

// databaseNames are names that only the database has.
type databaseNames struct{ images.Store }

func (databaseNames) Collecting(f func() error) error { return f() }

func (databaseNames) Close() error { return nil }
