// Package remote publishes images of the store, and fetches published ones into it, by the rules that
// keep a registry right: nothing takes the place of something else unasked, and "latest" never goes
// back.
package remote

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/runner/publishing"
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
	// UpdateID is that of the configuration: the s in 1.2.3-s1.
	UpdateID string
}

// Fetch implements build.Remote. The image is marked with what its annotations say it is made from, and
// as tested, which it was before it was published.
func (r *Registries) Fetch(ctx context.Context, given string, digest digests.Manifest, p publishing.Progress) error {
	at, err := ref.Parse(given)
	if err != nil {
		return err
	}
	name := at.String()
	if _, err := r.Pull(ctx, name, at.WithDigest(string(digest)).String(), p); err != nil {
		if errors.Is(err, registry.ErrNotFound) { // what was remembered of it is not true
			if now, look := r.Client.Digests(ctx, []string{name}); look == nil && now[name] != digest {
				return problem.With(err, "run the build again: the registry has changed")
			}
		}
		return err
	}
	return r.Store.MarkTested(ctx, name, store.TestPublished, "")
}

// Pull fetches what a reference names, gives it a name in the store, and marks it with what its
// annotations say it is made from. It is not marked as tested.
func (r *Registries) Pull(ctx context.Context, name, from string, p publishing.Progress) (ocispecs.Descriptor, error) {
	held, release, err := r.Hold(ctx)
	if err != nil {
		return ocispecs.Descriptor{}, fmt.Errorf("cannot fetch %s: %w", from, err)
	}
	defer release()
	if err := r.Store.Heal(ctx, name); err != nil {
		return ocispecs.Descriptor{}, err
	}
	target, err := r.Client.Pull(held, from, registry.PullOptions{Platform: r.Platform, Progress: progress(p)}, r.Content)
	if err != nil {
		return target, err
	}
	if err := r.Store.Put(held, name, target); err != nil {
		return target, err
	}
	details, err := r.Store.Inspect(ctx, name)
	if err != nil {
		return target, err
	}
	m := inputs.ReadMark(details.Manifest.Annotations)
	return target, r.Store.MarkInputs(ctx, name, store.Marks{ID: digests.Config(details.Manifest.Config.Digest), Inputs: m.Inputs, Followed: m.Followed})
}

// Publish implements build.Remote. The tag "latest" is moved before the image's own: whoever finds an
// image under its version finds that everything about it is done.
func (r *Registries) Publish(ctx context.Context, p publishing.Publication) (publishing.Published, error) {
	img := p.Image
	if p.There != "" && !p.Replace {
		return r.tag(ctx, img, p.There)
	}
	target, err := r.tested(ctx, p)
	if err == nil {
		err = r.checkBasis(ctx, p)
	}
	was := digests.Manifest(target.Digest)
	if err == nil {
		target, err = r.rebase(ctx, p, target)
	}
	if err == nil {
		target, err = r.typed(ctx, p, target)
	}
	if err != nil {
		return publishing.Published{}, err
	}
	done := publishing.Published{Digest: digests.Manifest(target.Digest), Was: was}
	refs := img.FurtherRefs()
	repository, _, _ := ref.Split(img.Ref)
	latest, from := repository+":latest", digests.Manifest("") // it may be moved from there
	if !img.Moving {
		newer, now, err := r.newerThan(ctx, repository, img)
		switch {
		case err != nil: // it names "latest" alone
			return publishing.Published{}, fmt.Errorf("cannot publish %s: %w", img.Ref, err)
		case newer != "":
			done.Note = fmt.Sprintf("%s stays where it is: %s is newer than %s", latest, newer, img.Tag)
		case now != done.Digest:
			refs, from = append(refs, latest), now
		}
	}
	refs = append(refs, img.Ref)
	pushed, err := r.Client.Push(ctx, target, r.Content, registry.PushOptions{
		Siblings: r.repositories(p.Siblings), Progress: progress(p.Progress), Blind: p.Replace,
		Replace: func(ref, digest string) error { return r.replace(ref, digests.Manifest(digest), from, p) },
		Ready:   func(ctx context.Context) error { return r.checkBasis(ctx, p) }, // sending may have taken long
	}, refs...)
	if errors.Is(err, registry.ErrDigest) {
		if damage := r.Store.CheckRead(ctx, img.Ref); errors.Is(damage, store.ErrDamaged) {
			err = fmt.Errorf("cannot publish %s: %w", img.Ref, damage)
		}
	}
	done.Moved, done.Bytes = pushed.Moved, pushed.Bytes
	if !img.Moving && slices.Contains(pushed.Moved, ref.Canonical(latest)) {
		// Also when the version was another machine's meanwhile: then "latest" is that, too.
		settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		defer cancel()
		if look := r.settle(settling, repository, img); look != nil {
			done.Note = fmt.Sprintf("whether %s is right could not be looked at: %v", latest, look)
		}
	}
	return done, err
}

// settleTime is how long "latest" is cared for after a run was interrupted.
const settleTime = 20 * time.Second

// Digests implements build.Remote.
func (r *Registries) Digests(ctx context.Context, refs []string) (map[string]digests.Manifest, error) {
	return r.Client.Digests(ctx, refs)
}

// tested finds what the store has under the image's name, if that is what was tested.
func (r *Registries) tested(ctx context.Context, p publishing.Publication) (ocispecs.Descriptor, error) {
	ref := p.Image.Ref
	stored, err := r.Store.Look(ctx, ref)
	if err != nil {
		return ocispecs.Descriptor{}, err
	}
	if p.Digest != "" && stored.Digest != p.Digest {
		return ocispecs.Descriptor{}, problem.With(fmt.Errorf("cannot publish %s: the store has %s under its name now, and %s was to be published", ref, stored.Digest, p.Digest), "run the build again")
	}
	if stored.Tested == "" {
		return ocispecs.Descriptor{}, problem.With(fmt.Errorf("cannot publish %s: its test did not pass", ref), "run the build again")
	}
	if stored.Inputs == plan.InputsUnsure {
		return ocispecs.Descriptor{}, problem.With(fmt.Errorf("cannot publish %s: its files changed while it was built", ref), "run the build again")
	}
	return r.Store.Target(ctx, ref)
}

// checkBasis asks whether the images that this one is made from are still published as they were.
func (r *Registries) checkBasis(ctx context.Context, p publishing.Publication) error {
	if len(p.Basis) == 0 {
		return nil
	}
	refs := slices.Sorted(maps.Keys(p.Basis))
	now, err := r.Client.Digests(ctx, refs)
	if err != nil {
		return fmt.Errorf("cannot publish %s: %w", p.Image.Ref, err)
	}
	for _, ref := range refs {
		if now[ref] != p.Basis[ref] {
			return problem.With(fmt.Errorf("cannot publish %s: it is made from %s, which others have replaced at the registry meanwhile (%s → %s)", p.Image.Ref, ref, p.Basis[ref], cmp.Or(now[ref], "nothing")), "run the build again")
		}
	}
	return nil
}

// checkBase asks for a base that is none of the fleet's, but lies at the same registry: an older version,
// or another fleet's image.
func (r *Registries) checkBase(ctx context.Context, p publishing.Publication, base string, on digests.Manifest) error {
	host, _, _ := strings.Cut(ref.Canonical(p.Image.Ref), "/")
	if on == "" || !strings.HasPrefix(base, host+"/") {
		return nil
	}
	now, err := r.Client.Digests(ctx, []string{base})
	if err != nil {
		return fmt.Errorf("cannot publish %s: %w", p.Image.Ref, err)
	}
	hint := "`slipway pull " + base + "` fetches that, and the next run builds on it"
	if now[base] == "" {
		hint = "`slipway push " + base + "` publishes it"
	}
	if now[base] != on {
		return problem.With(fmt.Errorf("cannot publish %s: it is built on %s as the store has it (%s), but the registry has %s", p.Image.Ref, base, on, cmp.Or(now[base], "nothing")), hint)
	}
	return nil
}

// rebase lets the image's manifest name the manifest of its base that is published. That may be
// another than the one it was built on, with the same content: the annotations of what was built from
// other inputs, and came out the same.
func (r *Registries) rebase(ctx context.Context, p publishing.Publication, target ocispecs.Descriptor) (ocispecs.Descriptor, error) {
	if !images.IsManifestType(target.MediaType) {
		return target, nil
	}
	data, err := content.ReadBlob(ctx, r.Content, target)
	if err != nil {
		return target, fmt.Errorf("cannot read the manifest of %s: %w", p.Image.Ref, err)
	}
	var m ocispecs.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return target, fmt.Errorf("cannot read the manifest of %s: %w", p.Image.Ref, err)
	}
	published := digests.Manifest("")
	base, on := m.Annotations[ocispecs.AnnotationBaseImageName], digests.Manifest(m.Annotations[ocispecs.AnnotationBaseImageDigest])
	for name, digest := range p.Basis {
		if ref.Canonical(name) == base {
			published = digest
		}
	}
	if published == "" {
		return target, r.checkBase(ctx, p, base, on)
	}
	if published == on {
		return target, nil
	}
	m.Annotations[ocispecs.AnnotationBaseImageDigest] = string(published)
	if data, err = json.MarshalIndent(m, "", "  "); err != nil { // as BuildKit writes them
		return target, fmt.Errorf("internal error: %w", err)
	}
	held, release, err := r.Hold(ctx)
	if err != nil {
		return target, fmt.Errorf("cannot publish %s: %w", p.Image.Ref, err)
	}
	defer release()
	target.Digest, target.Size = digest.FromBytes(data), int64(len(data))
	if err := content.WriteBlob(held, r.Content, "manifest-"+target.Digest.String(), bytes.NewReader(data), target); err != nil {
		return target, fmt.Errorf("cannot write the manifest of %s: %w", p.Image.Ref, err)
	}
	return target, r.Store.Retarget(held, p.Image.Ref, target)
}

// typed lets the store have the image as it is published, if the registry wants other media types.
func (r *Registries) typed(ctx context.Context, p publishing.Publication, target ocispecs.Descriptor) (ocispecs.Descriptor, error) {
	made, err := r.Client.Typed(ctx, target, r.Content)
	if err != nil || len(made) == 0 {
		return target, err
	}
	held, release, err := r.Hold(ctx)
	if err != nil {
		return target, fmt.Errorf("cannot publish %s: %w", p.Image.Ref, err)
	}
	defer release()
	for _, m := range made {
		if err := content.WriteBlob(held, r.Content, "manifest-"+m.Digest.String(), bytes.NewReader(m.Data), m.Descriptor); err != nil {
			return target, fmt.Errorf("cannot write the manifest of %s: %w", p.Image.Ref, err)
		}
	}
	target = made[len(made)-1].Descriptor
	return target, r.Store.Retarget(held, p.Image.Ref, target)
}

func progress(p publishing.Progress) func(registry.Progress) {
	if p == nil {
		return nil
	}
	return func(now registry.Progress) { p(now.Done, now.Total) }
}

// tag gives a published image of a list its further tags. The store need not have it.
func (r *Registries) tag(ctx context.Context, img *fleet.Image, digest digests.Manifest) (publishing.Published, error) {
	done := publishing.Published{Digest: digest}
	repository, _, _ := ref.Split(img.Ref)
	for _, ref := range img.FurtherRefs() {
		if err := r.Client.Tag(ctx, repository+"@"+string(digest), ref); err != nil {
			return done, err
		}
		done.Moved = append(done.Moved, ref)
	}
	return done, nil
}

// replace says no to what would be lost.
func (r *Registries) replace(name string, digest, latest digests.Manifest, p publishing.Publication) error {
	_, tag, _ := ref.Split(name)
	switch {
	case p.Replace:
		return nil
	case !p.Image.Moving && tag == "latest":
		if digest == latest {
			return nil
		}
		return problem.With(fmt.Errorf("the tag latest was moved by others meanwhile, to %s", digest), "run the build again")
	case p.Image.Moving:
		return nil // its tags are meant to move
	}
	return problem.With(fmt.Errorf("another image was published under this tag meanwhile (%s)", digest), "run the build again: what is published counts then")
}

// repositories are those of references, once each.
func (r *Registries) repositories(refs []string) []string {
	var found []string
	for _, name := range refs {
		if repository, _, _ := ref.Split(name); !slices.Contains(found, repository) {
			found = append(found, repository)
		}
	}
	return found
}
