package slipway

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/store"
)

// StoredImage is one name of an image in the store.
type StoredImage = store.Image

// ErrNotFound is wrapped by errors about images that are not there: in the store, or in the history.
var ErrNotFound = store.ErrNotFound

// Images lists the images in the store, sorted by reference. One whose content is not all there is among them,
// and says so in its field Damaged.
func (s *Session) Images(ctx context.Context) (list []StoredImage, err error) {
	err = s.withStore(ctx, func(st *store.Store) (err error) {
		list, err = st.List(ctx)
		return err
	})
	return list, s.unlessNone(err)
}

// unlessNone is the error, but for a root without a store, which who only looks finds empty.
func (s *Session) unlessNone(err error) error {
	empty, err := unlessEmpty(err)
	if empty {
		s.noteEmpty()
	}
	return err
}

// noteEmpty says that a root which somebody named has no store: it may be a slip of the pen.
func (s *Session) noteEmpty() {
	if root, err := s.Root(); err == nil && s.RootNamed() {
		s.tell(Note, fmt.Sprintf("nothing was built or fetched into %s yet", root))
	}
}

// Tag gives an image of the store a further name, or moves that name to it. The image may be called by the end
// of its name after a slash, if no other has it; the new name is taken as it is.
func (s *Session) Tag(ctx context.Context, image, name string) error {
	return s.withStore(ctx, func(st *store.Store) error {
		ref, err := findStored(ctx, st, image)
		if err != nil {
			return fmt.Errorf("cannot tag %s: %w", image, err)
		}
		return st.Tag(ctx, ref, name)
	})
}

// Save writes images of the store as one tar that is both an OCI image layout and what "docker load" reads.
// They may be called as for Tag; in the tar they have their whole names. Nothing is written when one of them is
// not there, or damaged.
func (s *Session) Save(ctx context.Context, w io.Writer, images ...string) error {
	return s.withStore(ctx, func(st *store.Store) error {
		refs, err := findAllStored(ctx, st, "save", images)
		if err != nil {
			return err
		}
		return st.Save(ctx, w, refs...)
	})
}

// Remove takes images out of the store, by their exact names, and frees what only they held: freed is in bytes.
// Nothing is removed when one of the names is not there.
func (s *Session) Remove(ctx context.Context, images ...string) (freed int64, err error) {
	err = s.withServices(ctx, func(services embedded.Services) (err error) {
		st := store.New(services.Images, services.Content)
		var errs []error
		for _, ref := range images {
			errs = append(errs, checkExact(ctx, st, ref))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		freed, err = removeImages(ctx, engine.New(services.BuildKit), st, images)
		return err
	})
	return freed, err
}

// DiskUsage is what the store and the build cache take on disk, in bytes.
type DiskUsage struct {
	Blobs    int64 // layers and manifests, compressed
	Unpacked int64 // layers of images
	Cache    int64 // of builds
}

// Total is the sum.
func (u DiskUsage) Total() int64 { return u.Blobs + u.Unpacked + u.Cache }

// DiskUsage measures the store and the build cache.
func (s *Session) DiskUsage(ctx context.Context) (u DiskUsage, err error) {
	err = s.withServices(ctx, func(services embedded.Services) (err error) {
		if u.Blobs, err = store.New(services.Images, services.Content).ContentSize(ctx); err != nil {
			return err
		}
		usage, err := engine.New(services.BuildKit).DiskUsage(ctx)
		u.Unpacked, u.Cache = usage.Images, usage.Cache
		return err
	})
	return u, s.unlessNone(err)
}
