package remote

import (
	"context"
	"errors"
	"strings"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/registry"
)

// newerThan returns the version that "latest" stands for, or that the repository has, if it is newer
// than the image; and the digest of "latest", if there is one.
func (r *Registries) newerThan(ctx context.Context, repository string, img *fleet.Image) (newer, latest string, err error) {
	ref := repository + ":latest"
	found, err := r.Client.Look(ctx, r.Platform, []string{ocispecs.AnnotationVersion}, []string{ref})
	if err != nil {
		return "", "", err
	}
	now := found[ref]
	if version := now.Annotations[ocispecs.AnnotationVersion]; version != "" {
		if r.compare(version, img.Version) > 0 {
			return version, now.Digest, nil
		}
		return "", now.Digest, nil
	}
	// There is none, or another tool published it and nobody knows which version it is. The others are
	// there, too.
	tags, err := r.tags(ctx, repository)
	return r.newest(tags, img), now.Digest, err
}

// tags lists what a repository has. Some registries have no lists, or not for everybody.
func (r *Registries) tags(ctx context.Context, repository string) ([]string, error) {
	tags, err := r.Client.Tags(ctx, repository)
	for _, none := range []error{registry.ErrNotFound, registry.ErrUnsupported, registry.ErrUnauthorized} {
		if errors.Is(err, none) {
			return nil, nil
		}
	}
	return tags, err
}

func (r *Registries) compare(a, b string) int { return fleet.CompareReleases(a, b, r.UpdateID) }

// newest is the newest version among tags that is newer than the image, if there is one. What is no
// version as the image's is does not count: "stable", or v1 beside 1.
func (r *Registries) newest(tags []string, img *fleet.Image) string {
	prefix := letters(img.Version)
	newer, of := "", img.Version
	for _, tag := range tags {
		version, _, _ := fleet.CutStamp(tag)
		rest, ok := strings.CutPrefix(version, prefix)
		if ok && rest != "" && letters(rest) == "" && r.compare(version, of) > 0 {
			newer, of = tag, version
		}
	}
	return newer
}

// letters are what stands before the first digit.
func letters(version string) string {
	if i := strings.IndexAny(version, "0123456789"); i >= 0 {
		return version[:i]
	}
	return version
}

// settle looks whether another machine has published meanwhile: registries cannot move a tag only if it
// is where it was. Who is last sees all of it, and leaves "latest" at the newest.
func (r *Registries) settle(ctx context.Context, repository string, img *fleet.Image) error {
	tags, err := r.tags(ctx, repository)
	if err != nil {
		return err
	}
	latest, right, version := repository+":latest", img.Ref, img.Version
	refs := []string{latest, img.Ref}
	newer := r.newest(tags, img)
	if newer != "" {
		newer = repository + ":" + newer
		refs = append(refs, newer)
	}
	found, err := r.Client.Look(ctx, r.Platform, []string{ocispecs.AnnotationVersion}, refs)
	if err != nil {
		return err
	}
	// What has no annotation is no version that Slipway published.
	if v := found[newer].Annotations[ocispecs.AnnotationVersion]; v != "" && r.compare(v, version) > 0 {
		right, version = newer, v
	}
	now := found[latest]
	v := now.Annotations[ocispecs.AnnotationVersion]
	if found[right].Digest == "" || now.Digest == found[right].Digest || v != "" && r.compare(v, version) > 0 {
		return nil
	}
	return r.Client.Tag(ctx, right, latest)
}
