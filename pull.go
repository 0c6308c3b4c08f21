package slipway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/runner/remote"
	"github.com/slipway-build/slipway/store"
)

// PullOptions say how images are fetched.
type PullOptions struct {
	// Pulled, if not nil, is called after each image.
	Pulled func(Pulled)
}

// Pulled is an image that is in the store now.
type Pulled struct {
	Image  string // as it was given
	Digest digests.Manifest
	Took   time.Duration
}

// Pull fetches images for this machine's platform from the registries that their names begin with, and verifies
// all content. It ends with the first error.
func (s *Session) Pull(ctx context.Context, images []string, o PullOptions) error {
	return s.withRegistry(func(client *registry.Client) error {
		process, _, err := s.startEngine(ctx)
		if err != nil {
			return err
		}
		for _, ref := range images {
			done, failed := pull(ctx, client, process, ref)
			if err = failed; err != nil {
				break
			}
			if o.Pulled != nil {
				o.Pulled(done)
			}
		}
		return errors.Join(err, process.Close())
	})
}

// pull fetches one image. The registry's errors say what could not be done themselves.
func pull(ctx context.Context, client *registry.Client, p *embedded.Process, given string) (Pulled, error) {
	parsed, err := ref.Parse(given)
	if err != nil {
		return Pulled{}, fmt.Errorf("cannot pull %s: %w", given, err)
	}
	services := p.Services()
	from := remote.Registries{
		Client: client, Store: store.New(services.Images, services.Content), Content: services.Content,
		Hold: p.Hold, Platform: string(platform.Machine()),
	}
	start, name := time.Now(), parsed.String()
	target, err := from.Pull(ctx, name, name, nil)
	return Pulled{Image: given, Digest: digests.Manifest(target.Digest), Took: time.Since(start)}, err
}
