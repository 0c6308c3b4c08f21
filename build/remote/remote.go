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
func (r *Registries) Fetch(ctx context.Context, ref, digest string, p build.Progress) error {
	name, err := store.Normalize(ref)
	if err != nil {
		return err
	}
	repository, _, _ := fleet.SplitRef(name)
	held, release, err := r.Hold(ctx)
	if err != nil {
		return fmt.Errorf("cannot fetch %s: %w", ref, err)
	}
	defer release()
	target, err := r.Client.Pull(held, repository+"@"+digest, registry.PullOptions{Platform: r.Platform, Progress: progress(p)}, r.Content)
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
	if p.There != "" && !p.Replace {
		return r.tag(ctx, img, p.There)
	}
	target, err := r.Store.Target(ctx, img.Ref)
	if err != nil {
		return build.Published{}, err
	}
	if digest := target.Digest.String(); p.Digest != "" && digest != p.Digest {
		return build.Published{}, fmt.Errorf("cannot publish %s: the store has %s under its name now, and %s was to be published\nhint: run the build again", img.Ref, digest, p.Digest)
	}
	done := build.Published{Digest: target.Digest.String()}
	refs := img.FurtherRefs()
	repository, _, _ := fleet.SplitRef(img.Ref)
	latest, was := repository+":latest", "" // it may be moved from there
	if img.Listed == nil {
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
		Siblings: r.repositories(p.Siblings), Progress: progress(p.Progress),
		Replace: func(ref, digest string) error { return r.replace(ref, digest, was, p) },
	}, refs...)
	done.Moved, done.Bytes = pushed.Moved, pushed.Bytes
	if err == nil && img.Listed == nil && slices.Contains(pushed.Moved, canonical(latest)) {
		err = r.settle(ctx, repository, img, done.Digest)
	}
	return done, err
}

func progress(p build.Progress) func(registry.Progress) {
	if p == nil {
		return nil
	}
	return func(now registry.Progress) { p(now.Done, now.Total) }
}

// tag gives a published image of a list its further tags. The store need not have it.
func (r *Registries) tag(ctx context.Context, img *fleet.Image, digest string) (build.Published, error) {
	done := build.Published{Digest: digest}
	repository, _, _ := fleet.SplitRef(img.Ref)
	for _, ref := range img.FurtherRefs() {
		if err := r.Client.Tag(ctx, repository+"@"+digest, ref); err != nil {
			return done, err
		}
		done.Moved = append(done.Moved, ref)
	}
	return done, nil
}

// replace says no to what would be lost.
func (r *Registries) replace(ref, digest, latest string, p build.Publication) error {
	_, tag, _ := fleet.SplitRef(ref)
	switch {
	case p.Replace:
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
	return newest(tags, img.Tag), now.Digest, nil
}

// newest is the newest version among tags that is newer than the one given, if there is one.
func newest(tags []string, than string) string {
	newer := ""
	for _, tag := range tags {
		if startsWithDigit(tag) && fleet.CompareVersions(tag, than) > 0 && (newer == "" || fleet.CompareVersions(tag, newer) > 0) {
			newer = tag
		}
	}
	return newer
}

// settle looks whether another machine has published meanwhile: registries cannot move a tag only if it
// is where it was. Who is last sees all of it, and leaves "latest" at the newest.
func (r *Registries) settle(ctx context.Context, repository string, img *fleet.Image, digest string) error {
	latest, right := repository+":latest", repository+"@"+digest
	tags, err := r.Client.Tags(ctx, repository)
	if err != nil && !errors.Is(err, registry.ErrUnsupported) && !errors.Is(err, registry.ErrUnauthorized) {
		return err // some registries have no lists, or not for everybody
	}
	refs := []string{latest}
	newer := repository + ":" + newest(tags, img.Tag)
	if newer != repository+":" {
		refs = append(refs, newer)
	}
	found, err := r.Client.Look(ctx, r.Platform, []string{ocispecs.AnnotationVersion}, refs)
	if err != nil {
		return err
	}
	if v := found[newer].Annotations[ocispecs.AnnotationVersion]; v != "" && fleet.CompareVersions(v, img.Version) > 0 {
		right = newer
		digest = found[newer].Digest
	}
	now := found[latest]
	if v := now.Annotations[ocispecs.AnnotationVersion]; now.Digest == digest || v != "" && right != newer && fleet.CompareVersions(v, img.Version) > 0 {
		return nil
	}
	return r.Client.Tag(ctx, right, latest)
}

// canonical is a reference as the registry's client writes it.
func canonical(ref string) string {
	if name, err := store.Normalize(ref); err == nil {
		return name
	}
	return ref
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
