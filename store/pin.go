package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"

	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/store/journal"
)

// Pin keeps what the name stands for, with all its content, until Accept or GiveBack, if it is good.
// Another image may get the name meanwhile. A pin outlives the process: a later run finds it. It is
// idempotent.
func (s *Store) Pin(ctx context.Context, ref string) error {
	img, err := s.record(ctx, ref)
	if errors.Is(err, ErrNotFound) || err == nil && img.Labels[testedLabel] == "" {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.name(ctx, images.Image{Name: journal.Pin(img.Name), Target: img.Target}); err != nil {
		return fmt.Errorf("cannot keep %s: %w", ref, err)
	}
	return nil
}

// Accept marks the image as good, see MarkTested, and lets go of the one that was pinned under its name.
func (s *Store) Accept(ctx context.Context, given, value, test string) error {
	name, err := ref.Parse(given)
	if err == nil {
		err = s.MarkTested(ctx, given, value, test)
	}
	if err != nil {
		return err
	}
	return s.unpin(ctx, name)
}

// GiveBack gives the name to the good image that was pinned under it, with all its marks. Without one,
// the name is removed.
func (s *Store) GiveBack(ctx context.Context, given string) error {
	name, err := ref.Parse(given)
	if err != nil {
		return err
	}
	pinned, err := s.images.Get(ctx, journal.Pin(name.String()))
	if errdefs.IsNotFound(err) {
		return s.Remove(ctx, given)
	}
	if err == nil {
		err = s.name(ctx, images.Image{Name: name.String(), Target: pinned.Target})
	}
	if err != nil {
		return fmt.Errorf("cannot put back %s: %w", given, err)
	}
	return s.unpin(ctx, name)
}

// Pinned tells whether a good image is kept while another has its name.
func (s *Store) Pinned(ctx context.Context, given string) (bool, error) {
	name, err := ref.Parse(given)
	if err != nil {
		return false, err
	}
	_, err = s.images.Get(ctx, journal.Pin(name.String()))
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) unpin(ctx context.Context, name ref.Ref) error {
	if err := s.images.Delete(ctx, journal.Pin(name.String())); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("cannot let go of the image that %s was: %w", name, err)
	}
	return nil
}

// name gives an image a name, or moves the name to it. Its marks stay as they are.
func (s *Store) name(ctx context.Context, img images.Image) error {
	img.Labels = nil
	_, err := s.images.Create(ctx, img)
	if errdefs.IsAlreadyExists(err) {
		_, err = s.images.Update(ctx, img, "target")
	}
	return err
}
