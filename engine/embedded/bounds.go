//go:build linux

package embedded

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	dockerfile "github.com/moby/buildkit/frontend/dockerfile/builder"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/engine/dockerfile/bounds"
	"github.com/slipway-build/slipway/engine/scope"
)

// buildDockerfile is BuildKit's frontend. It expands in this process what base images bring, so those that
// bring too much are refused before.
func buildDockerfile(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
	return dockerfile.Build(ctx, boundedClient{scopedClient{c, scope.Of(c.BuildOpts().Opts)}})
}

// scopedClient keeps secrets of different origins apart.
type scopedClient struct {
	gateway.Client
	origins scope.Origins
}

// Solve implements gateway.Client.
func (c scopedClient) Solve(ctx context.Context, r gateway.SolveRequest) (*gateway.Result, error) {
	var err error
	if r.Definition, err = c.origins.Apply(r.Definition); err != nil {
		return nil, err
	}
	return c.Client.Solve(ctx, r)
}

// boundedClient refuses base images.
type boundedClient struct{ gateway.Client }

// ResolveImageConfig implements gateway.Client.
func (c boundedClient) ResolveImageConfig(ctx context.Context, ref string, o sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	found, id, config, err := c.Client.ResolveImageConfig(ctx, ref, o)
	if err != nil {
		return found, id, config, err
	}
	if base, err := bounds.BaseOf(config); err == nil { // else BuildKit says it
		if err := base.Check(); err != nil {
			return "", "", nil, fmt.Errorf("cannot build on %s: %w", ref, err)
		}
	}
	return found, id, config, nil
}
