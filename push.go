package slipway

import (
	"context"
	"errors"
	"fmt"
	"time"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/store"
)

// PushOptions say how images of the store are published.
type PushOptions struct {
	// Force also sends what is not tested, and moves tags that name another image.
	Force bool
	// Pushed, if not nil, is called after each image.
	Pushed func(Pushed)
}

// Pushed is an image that was published.
type Pushed struct {
	Image  string // as it was given
	Digest digests.Manifest
	// There tells that the tag named this image before: nothing was sent.
	There   bool
	Sent    int   // blobs that the registry lacked
	Present int   // blobs that it had
	Bytes   int64 // of the blobs that were sent
	Took    time.Duration
}

// Push sends images of the store, by their exact names, to the registries that these begin with. An image whose
// test did not pass is not sent, and a tag that names another image is not moved: that is an error, and the
// images behind it are not sent either.
func (s *Session) Push(ctx context.Context, images []string, o PushOptions) error {
	return s.withRegistry(func(client *registry.Client) error {
		return s.withServices(ctx, func(services embedded.Services) error {
			p := pushing{client: client, services: services, store: store.New(services.Images, services.Content), options: o}
			for _, ref := range images {
				done, err := p.push(ctx, ref)
				if err != nil {
					return err
				}
				if o.Pushed != nil {
					o.Pushed(done)
				}
			}
			return nil
		})
	})
}

// withRegistry calls f with a client.
func (s *Session) withRegistry(f func(*registry.Client) error) error {
	client, _, err := s.registryClient(func(*registry.Options) {})
	if err != nil {
		return err
	}
	defer client.Close()
	return f(client)
}

// pushing is what one call of Push works with.
type pushing struct {
	client   *registry.Client
	services embedded.Services
	store    *store.Store
	options  PushOptions
}

// push sends one image under its own name. The registry's errors say what could not be done themselves.
func (p *pushing) push(ctx context.Context, ref string) (Pushed, error) {
	pushed, content := Pushed{Image: ref}, p.services.Content
	image, target, err := p.target(ctx, ref)
	if err != nil {
		return pushed, fmt.Errorf("cannot push %s: %w", ref, err)
	}
	o := registry.PushOptions{Blind: p.options.Force}
	stored, same := target, false
	if !p.options.Force {
		o.Replace = func(ref, digest string) error {
			same = registry.Alike(ctx, stored, content, digest)
			return problem.With(fmt.Errorf("the tag names another image there (%s)", digests.Manifest(digest).Short()), "give the image a new version, or move the tag with --force")
		}
	}
	start := time.Now()
	typed, err := p.client.Typed(ctx, target, content)
	if err != nil {
		return pushed, fmt.Errorf("cannot push %s: %w", ref, err)
	}
	if len(typed) > 0 {
		target = typed[len(typed)-1].Descriptor
	}
	done, err := p.client.Push(ctx, target, registry.With(content, typed), o, image.Ref)
	if same { // it stays as it was published, whatever media types are published now
		err = nil
	}
	if errors.Is(err, registry.ErrDigest) {
		if damage := p.store.CheckRead(ctx, image.Ref); errors.Is(damage, store.ErrDamaged) {
			return pushed, fmt.Errorf("cannot push %s: %w", ref, damage)
		}
	}
	pushed.Digest, pushed.There, pushed.Took = digests.Manifest(target.Digest), len(done.Moved) == 0, time.Since(start)
	pushed.Sent, pushed.Present, pushed.Bytes = done.Sent, done.Present+done.Mounted, done.Bytes
	return pushed, err
}

// target is what the store has under the name, if it may be sent.
func (p *pushing) target(ctx context.Context, ref string) (store.Image, ocispecs.Descriptor, error) {
	image, err := p.store.Look(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		err = checkExact(ctx, p.store, ref)
	}
	if err != nil {
		return image, ocispecs.Descriptor{}, err
	}
	if image.Tested == "" && !p.options.Force {
		return image, ocispecs.Descriptor{}, problem.New("its test did not pass", "build it again, or send it as it is with --force")
	}
	if err := p.store.Check(ctx, ref); err != nil {
		return image, ocispecs.Descriptor{}, err
	}
	target, err := p.store.Target(ctx, ref)
	return image, target, err
}
