// Package remote publishes images of the store, and fetches published ones into it, by the rules that
// keep a registry right: nothing takes the place of something else unasked, and "latest" never goes
// back.
package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/build"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/store"
)

// Registries are the registries that images are published to and fetched from, and the store at this
// end. It implements build.Remote.
type Registries struct {
	// Client asks the registries each time: what it was told before could be moved by now.
	Client  *registry.Client
	Store   *store.Store
	Content content.Store
	// Hold keeps what is fetched from being collected until release is called.
	Hold     func(context.Context) (held context.Context, release func(), err error)
	Platform string
}

// Fetch implements build.Remote. The image is marked with what its annotations say it is made from, and
// as tested, which it was before it was published.
func (r *Registries) Fetch(ctx context.Context, ref, digest string) error {
	name, err := store.Normalize(ref)
	if err != nil {
		return err
	}
	from := name
	if digest != "" {
		repository, _, _ := fleet.SplitRef(name)
		from = repository + "@" + digest
	}
	held, release, err := r.Hold(ctx)
	if err != nil {
		return fmt.Errorf("cannot fetch %s: %w", ref, err)
	}
	defer release()
	target, err := r.Client.Pull(held, from, registry.PullOptions{Platform: r.Platform}, r.Content)
	if err != nil {
		return err
	}
	if err := r.Store.Put(held, name, target); err != nil {
		return err
	}
	details, err := r.Store.Inspect(ctx, name)
	if err != nil {
		return err
	}
	inputs := details.Manifest.Annotations[build.InputsAnnotation]
	if err := r.Store.MarkInputs(ctx, name, details.Manifest.Config.Digest.String(), inputs); err != nil {
		return err
	}
	return r.Store.MarkTested(ctx, name, store.TestPublished, "")
}

// Publish implements build.Remote. The tag "latest" is moved before the image's own: whoever finds an
// image under its version finds that everything about it is done.
func (r *Registries) Publish(ctx context.Context, p build.Publication) (build.Published, error) {
	img := p.Image
	target, err := r.Store.Target(ctx, img.Ref)
	if err != nil {
		return build.Published{}, err
	}
	if digest := target.Digest.String(); p.Digest != "" && digest != p.Digest {
		return build.Published{}, fmt.Errorf("cannot publish %s: the store has %s under its name now, and %s was to be published\nhint: run the build again", img.Ref, digest, p.Digest)
	}
	done := build.Published{Digest: target.Digest.String()}
	refs := img.FurtherRefs()
	was := "" // what "latest" may be moved from
	if img.Listed == nil {
		repository, _, _ := fleet.SplitRef(img.Ref)
		latest := repository + ":latest"
		newer, now, err := r.newerThan(ctx, repository, img)
		switch {
		case err != nil: // it names "latest" alone
			return build.Published{}, fmt.Errorf("cannot publish %s: %w", img.Ref, err)
		case newer != "":
			done.Note = fmt.Sprintf("%s stays where it is: %s is newer than %s", latest, newer, img.Tag)
		case now != done.Digest:
			refs, was = append(refs, latest), now
		}
	}
	refs = append(refs, img.Ref)
	pushed, err := r.Client.Push(ctx, target, r.Content, registry.PushOptions{
		Siblings: r.repositories(p.Siblings),
		Replace:  func(ref, digest string) error { return r.replace(ref, digest, was, p) },
	}, refs...)
	done.Moved, done.Bytes = pushed.Moved, pushed.Bytes
	return done, err
}

// replace says no to what would be lost.
func (r *Registries) replace(ref, digest, latest string, p build.Publication) error {
	_, tag, _ := fleet.SplitRef(ref)
	switch {
	case p.Replace, digest == p.There:
		return nil
	case p.Image.Listed == nil && tag == "latest":
		if digest == latest {
			return nil
		}
		return fmt.Errorf("the tag latest was moved by others meanwhile, to %s\nhint: run the build again", digest)
	case p.Image.Listed != nil:
		return nil // its tags are meant to move
	}
	return fmt.Errorf("another image was published under this tag meanwhile (%s)\nhint: `slipway plan` says what is different; --force replaces it", digest)
}

// newerThan returns the version that "latest" stands for, or that the repository has, if it is newer
// than the image; and the digest of "latest".
func (r *Registries) newerThan(ctx context.Context, repository string, img *fleet.Image) (newer, latest string, err error) {
	ref := repository + ":latest"
	found, err := r.Client.Look(ctx, r.Platform, []string{ocispecs.AnnotationVersion}, []string{ref})
	if err != nil {
		return "", "", err
	}
	now, exists := found[ref]
	if !exists {
		return "", "", nil
	}
	if version := now.Annotations[ocispecs.AnnotationVersion]; version != "" {
		if fleet.CompareVersions(version, img.Version) > 0 {
			return version, now.Digest, nil
		}
		return "", now.Digest, nil
	}
	// Another tool published it. Which version it is nobody knows, but the others are there, too.
	tags, err := r.Client.Tags(ctx, repository)
	if err != nil && !errors.Is(err, registry.ErrNotFound) && !errors.Is(err, registry.ErrUnsupported) {
		return "", "", err
	}
	for _, tag := range tags {
		if startsWithDigit(tag) && fleet.CompareVersions(tag, img.Tag) > 0 && (newer == "" || fleet.CompareVersions(tag, newer) > 0) {
			newer = tag
		}
	}
	return newer, now.Digest, nil
}

func startsWithDigit(tag string) bool { return tag != "" && strings.Contains("0123456789", tag[:1]) }

// repositories are those of references, once each.
func (r *Registries) repositories(refs []string) []string {
	var found []string
	for _, ref := range refs {
		if repository, _, _ := fleet.SplitRef(ref); !slices.Contains(found, repository) {
			found = append(found, repository)
		}
	}
	return found
}
