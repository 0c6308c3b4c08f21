package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/ref"
)

// Details are an image's manifest and configuration for this machine's platform.
type Details struct {
	Image     Image
	Platform  string // "linux/amd64"
	Digest    digests.Manifest
	Manifest  ocispecs.Manifest
	RawConfig []byte
}

// Inspect reads an image's manifest and configuration. The error wraps ErrNotFound when it is not
// there.
func (s *Store) Inspect(ctx context.Context, ref string) (Details, error) {
	record, err := s.record(ctx, ref)
	if err != nil {
		return Details{}, err
	}
	d := Details{Image: fromRecord(record)}
	if err := s.details(ctx, record, &d.Image); err != nil {
		return d, err
	}
	if d.Manifest, err = images.Manifest(ctx, s.content, record.Target, platforms.Default()); err != nil {
		return d, fmt.Errorf("cannot read manifest of %s: %w", ref, err)
	}
	d.Digest = digests.Manifest(record.Target.Digest)
	if d.RawConfig, err = content.ReadBlob(ctx, s.content, d.Manifest.Config); err != nil {
		return d, fmt.Errorf("cannot read configuration of %s: %w", ref, err)
	}
	var config ocispecs.Image
	if err := json.Unmarshal(d.RawConfig, &config); err != nil {
		return d, fmt.Errorf("cannot read configuration of %s: %w", ref, err)
	}
	d.Platform = platforms.Format(config.Platform)
	return d, nil
}

// Target is the descriptor of what the name stands for.
func (s *Store) Target(ctx context.Context, ref string) (ocispecs.Descriptor, error) {
	record, err := s.record(ctx, ref)
	return record.Target, err
}

// Retarget lets a name stand for other content that is in the store, with all marks that it has.
func (s *Store) Retarget(ctx context.Context, ref string, target ocispecs.Descriptor) error {
	record, err := s.record(ctx, ref)
	if err != nil {
		return err
	}
	if err := s.keep(ctx, ref, target); err != nil {
		return err
	}
	record.Target = target
	if _, err := s.images.Update(ctx, record, "target", "labels"); err != nil {
		return fmt.Errorf("cannot name %s: %w", ref, err)
	}
	return nil
}

// Put gives content that is in the store a name, or moves the name to it, and keeps what it leads to
// from being collected. Other content than the name had is not marked as tested.
func (s *Store) Put(ctx context.Context, given string, target ocispecs.Descriptor) error {
	name, err := ref.Parse(given)
	if err != nil {
		return err
	}
	if err := s.keep(ctx, given, target); err != nil {
		return err
	}
	record := images.Image{Name: name.String(), Target: target}
	_, err = s.images.Create(ctx, record)
	if errdefs.IsAlreadyExists(err) {
		if old, err := s.images.Get(ctx, name.String()); err == nil && old.Target.Digest == target.Digest {
			return nil // with its marks
		}
		_, err = s.images.Update(ctx, record)
	}
	if err != nil {
		return fmt.Errorf("cannot name %s: %w", given, err)
	}
	return nil
}

// keep keeps what the target leads to from being collected.
func (s *Store) keep(ctx context.Context, ref string, target ocispecs.Descriptor) error {
	// Of an index only this machine's image need be there: the best one, not all that it can run.
	children := images.LimitManifests(images.ChildrenHandler(s.content), platforms.Default(), 1)
	if err := images.Dispatch(ctx, images.SetChildrenLabels(s.content, children), nil, target); err != nil {
		return fmt.Errorf("cannot keep the content of %s: %w", ref, err)
	}
	return nil
}
