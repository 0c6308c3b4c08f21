package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/store/journal"
)

// ErrDamaged is wrapped by errors about images whose content is not all there.
var ErrDamaged = errors.New("not all of its content is in the store")

// Check tells whether all of the image's content is there. If not, the error wraps ErrDamaged and has a
// hint; it wraps ErrNotFound when there is no such image. What the content is is not verified.
func (s *Store) Check(ctx context.Context, ref string) error {
	img, err := s.record(ctx, ref)
	if err != nil {
		return err
	}
	return s.check(ctx, img)
}

func (s *Store) check(ctx context.Context, img images.Image) error {
	missing, err := journal.Missing(ctx, s.content, img.Target)
	if err != nil {
		return fmt.Errorf("cannot look at the content of %s: %w", img.Name, err)
	}
	if len(missing) == 0 {
		return nil
	}
	name := fromRecord(img).Familiar()
	return problem.Withf(fmt.Errorf("%w: %s", ErrDamaged, damage(missing[0], len(missing)-1, false)), "the next build of its fleet makes it again; `slipway pull %s` fetches it if it is published, `slipway rmi %s` removes it", name, name)
}

// CheckRead is Check that reads all of the image's content.
func (s *Store) CheckRead(ctx context.Context, ref string) error {
	img, err := s.record(ctx, ref)
	if err != nil {
		return err
	}
	if err := s.check(ctx, img); err != nil {
		return err
	}
	wrong, err := journal.MissingBy(ctx, s.content, func(d ocispecs.Descriptor) (bool, error) { return s.verified(ctx, d) }, img.Target)
	if err != nil {
		return fmt.Errorf("cannot read the content of %s: %w", img.Name, err)
	}
	if len(wrong) == 0 {
		return nil
	}
	return problem.Withf(fmt.Errorf("%w: %s", ErrDamaged, damage(wrong[0], len(wrong)-1, true)), "`slipway check --read` sets that aside; then the next build of its fleet makes it again, or `slipway pull %s` fetches it", fromRecord(img).Familiar())
}

// verified reads a blob.
func (s *Store) verified(ctx context.Context, d ocispecs.Descriptor) (bool, error) {
	r, err := s.content.ReaderAt(ctx, d)
	if err != nil {
		return false, err
	}
	defer r.Close()
	verifier := d.Digest.Verifier()
	_, err = io.Copy(verifier, &countedReader{ctx, content.NewReader(r), func(int) {}})
	return verifier.Verified(), err
}

// healer is an image store that can forget lost content.
type healer interface {
	Heal(ctx context.Context, target ocispecs.Descriptor) error
}

// Heal lets the database forget what is missing of a damaged image, so that it can be written again. It
// does nothing for an image that is whole, or not there, and where the store is another process'.
func (s *Store) Heal(ctx context.Context, ref string) error {
	names, ok := s.images.(healer)
	if !ok {
		return nil
	}
	img, err := s.record(ctx, ref)
	if err == nil {
		err = names.Heal(ctx, img.Target)
	}
	return ignoreNotFound(err)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// damage names what is missing, or has other content than its digest says.
func damage(first ocispecs.Descriptor, more int, other bool) string {
	text := first.Digest.String() + " is missing"
	if other {
		text = first.Digest.String() + " is damaged"
	}
	if more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}
