package engine

import (
	"context"
	"errors"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/slipway-build/slipway/engine/dockerfile/bounds"
	"github.com/slipway-build/slipway/ref"
)

// manyLayers is how many layers of its own an image may have before it is asked how many its bases have.
// Docker's storage never took more than 127 together.
const manyLayers = 127

// weigh refuses a Dockerfile that BuildKit, in its own process, would make too much of. What is checked when
// a fleet is read knows nothing of base images: where they matter, they are looked up first.
func weigh(ctx context.Context, c gateway.Client, dockerfile []byte, attrs map[string]string) error {
	args := map[string]string{}
	for k, v := range attrs {
		if name, ok := strings.CutPrefix(k, argument); ok {
			args[name] = v
		}
	}
	d, _, err := bounds.Read(dockerfile, args)
	if much := (*bounds.Error)(nil); err != nil && !errors.As(err, &much) {
		return nil // BuildKit says it, with the place
	}
	if err == nil && len(d.Stages) > 0 {
		err = weighStages(ctx, c, d, attrs["target"])
	}
	much := (*bounds.Error)(nil)
	if !errors.As(err, &much) {
		return err
	}
	step := &StepError{Line: much.Line, Exit: -1, Err: much}
	if lines := strings.Split(string(dockerfile), "\n"); much.Line > 0 && much.Line <= len(lines) {
		step.Text = sourceLine(lines[much.Line-1])
	}
	return step
}

func weighStages(ctx context.Context, c gateway.Client, d bounds.Dockerfile, target string) error {
	report, err := bounds.Check(d, nil)
	if err != nil {
		return err
	}
	if report.Unsure || report.Layers[d.Stage(target)] > manyLayers {
		known := baseImages{ctx, c}
		if report, err = bounds.Check(d, known.base); err != nil {
			return err
		}
	}
	final := d.Stage(target)
	if n := report.Layers[final]; n > bounds.MaxLayers {
		return bounds.TooManyLayers(n, d.Stages[final])
	}
	return nil
}

// baseImages looks up images as the Dockerfile's frontend does.
type baseImages struct {
	ctx    context.Context
	client gateway.Client
}

// base is false for what cannot be looked up: BuildKit says why.
func (b baseImages) base(written string) (bounds.Base, bool) {
	named, err := ref.Parse(written)
	if err != nil {
		return bounds.Base{}, false
	}
	_, _, data, err := b.client.ResolveImageConfig(b.ctx, named.String(), sourceresolver.Opt{
		ImageOpt: &sourceresolver.ResolveImageOpt{ResolveMode: llb.ResolveModePreferLocal.String()},
	})
	if err != nil {
		return bounds.Base{}, false
	}
	base, err := bounds.BaseOf(data)
	return base, err == nil
}
