package engine

import (
	"context"

	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/slipway-build/slipway/recipe"
)

// Solve builds r as Build does, and stores nothing. It returns the image's configuration.
func (e *Engine) Solve(ctx context.Context, r Request) (f recipe.Followed, config string, err error) {
	opt, attrs, _ := solveOpt(r, r.Dockerfile, r.Context)
	_, err = e.solve(ctx, r, opt, func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		res, err := c.Solve(ctx, gateway.SolveRequest{Frontend: frontend, FrontendOpt: attrs, Evaluate: true})
		if err != nil {
			return nil, err
		}
		f.Context, f.Known = followed(ctx, res)
		config = string(res.Metadata[exptypes.ExporterImageConfigKey])
		return res, nil
	})
	return f, config, err
}

// Watch is watch.
var Watch = watch
