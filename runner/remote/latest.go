package remote

import (
	"context"
	"errors"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/version"
)

// newerThan returns the version that "latest" stands for, or that the repository has, if it is newer
// than the image, or unknown; and the digest of "latest", if there is one.
func (r *Registries) newerThan(ctx context.Context, repository string, img *fleet.Image) (newer string, latest digests.Manifest, err error) {
	ref := repository + ":latest"
	found, err := r.Client.Look(ctx, r.Platform, []string{ocispecs.AnnotationVersion}, []string{ref})
	if _, err = registry.SplitUnreadable(err); err != nil {
		return "", "", err
	}
	now := found[ref]
	if v := version.Version(now.Annotations[ocispecs.AnnotationVersion]); v != "" {
		if r.compare(v, img.Version) > 0 {
			return string(v), now.Digest, nil
		}
		if v != img.Version || !img.Stamped() {
			return "", now.Digest, nil
		}
		tags, _, err := r.tags(ctx, repository)
		return laterBuild(tags, img), now.Digest, err
	}
	// There is none, or another tool published it and nobody knows which version it is. The others are
	// there, too.
	tags, listed, err := r.tags(ctx, repository)
	if newer = r.newest(tags, img); newer == "" && !listed && now.Digest != "" {
		newer = unknown
	}
	return newer, now.Digest, err
}

// laterBuild finds among tags the latest nightly or snapshot build of an image's version that is later
// than the image, which is one, too.
func laterBuild(tags []string, img *fleet.Image) string {
	_, stamp, ok := version.CutStamp(img.Tag)
	if !ok || !img.Stamped() {
		return ""
	}
	later := ""
	for _, tag := range tags {
		if of, s, ok := version.CutStamp(tag); ok && of == img.Version && s > stamp {
			later, stamp = tag, s
		}
	}
	return later
}

const unknown = "it cannot be found out whether its version"

// tags lists what a repository has. Some registries have no lists, or not for everybody.
func (r *Registries) tags(ctx context.Context, repository string) (tags []string, listed bool, err error) {
	tags, err = r.Client.Tags(ctx, repository)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return nil, true, nil
	case errors.Is(err, registry.ErrUnsupported), errors.Is(err, registry.ErrUnauthorized):
		return nil, false, nil
	}
	return tags, err == nil, err
}

func (r *Registries) compare(a, b version.Version) int {
	return version.Updates(r.UpdateID).Compare(a, b)
}

// newest is the newest version among tags that is newer than the image, if there is one. What is no
// version as the image's is does not count.
func (r *Registries) newest(tags []string, img *fleet.Image) string {
	newer, of := "", img.Version
	for _, tag := range tags {
		if v, ok := version.Updates(r.UpdateID).In(tag, img.Version); ok && r.compare(v, of) > 0 {
			newer, of = tag, v
		}
	}
	return newer
}

// settle looks whether another machine has published meanwhile: registries cannot move a tag only if it
// is where it was. Who is last sees all of it, and leaves "latest" at the newest.
func (r *Registries) settle(ctx context.Context, repository string, img *fleet.Image) error {
	tags, _, err := r.tags(ctx, repository)
	if err != nil {
		return err
	}
	latest, right, newest := repository+":latest", img.Ref, img.Version
	refs := []string{latest, img.Ref}
	newer := r.newest(tags, img)
	if later := laterBuild(tags, img); later != "" {
		right = repository + ":" + later
		refs = append(refs, right)
	}
	if newer != "" {
		newer = repository + ":" + newer
		refs = append(refs, newer)
	}
	found, err := r.Client.Look(ctx, r.Platform, []string{ocispecs.AnnotationVersion}, refs)
	if err != nil {
		return err
	}
	// What has no annotation is no version that Slipway published.
	if v := version.Version(found[newer].Annotations[ocispecs.AnnotationVersion]); v != "" && r.compare(v, newest) > 0 {
		right, newest = newer, v
	}
	now := found[latest]
	v := version.Version(now.Annotations[ocispecs.AnnotationVersion])
	if found[right].Digest == "" || now.Digest == found[right].Digest || v != "" && r.compare(v, newest) > 0 {
		return nil
	}
	return r.Client.Tag(ctx, right, latest)
}
