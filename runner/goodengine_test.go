package runner_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/containerd/containerd/v2/core/images"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/recipe"
	"github.com/slipway-build/slipway/store"
)

// yard is an engine that makes an image of what a Dockerfile with one COPY says.
type yard struct{ s *shipyard }

// Build implements build.Builder.
func (y yard) Build(ctx context.Context, r engine.Request) (engine.Result, error) {
	s := y.s
	lines := strings.Split(string(r.Dockerfile), "\n")
	from := strings.TrimPrefix(lines[0], "FROM ")
	name := strings.TrimPrefix(lines[1], "COPY file /")
	if s.broken[name] {
		return engine.Result{}, errors.New("it does not build")
	}
	data, err := fs.ReadFile(r.Context, "file")
	if err != nil {
		return engine.Result{}, err
	}
	layers := []string{name + " " + string(data)}
	if from != "scratch" {
		parent, err := s.root.Store.Inspect(ctx, from)
		if err != nil {
			return engine.Result{}, err
		}
		below, err := s.texts(ctx, parent)
		if err != nil {
			return engine.Result{}, err
		}
		layers = append(below, layers...)
	}
	followed := recipe.Followed{Known: true, Context: []recipe.Use{recipe.NewUse("file")}}
	annotations, err := r.Annotate(followed)
	if err != nil {
		return engine.Result{}, err
	}
	held, release, err := s.root.Hold(ctx)
	if err != nil {
		return engine.Result{}, err
	}
	defer release()
	target, err := s.root.Write(held, "", annotations, layers...)
	if err != nil {
		return engine.Result{}, err
	}
	img := images.Image{Name: r.Ref, Target: target} // as BuildKit names what it has exported
	if _, err = s.root.Names.Update(held, img); err != nil {
		_, err = s.root.Names.Create(held, img)
	}
	if err != nil {
		return engine.Result{}, err
	}
	if err := s.root.Keep(held, target); err != nil {
		return engine.Result{}, err
	}
	details, err := s.root.Store.Inspect(held, r.Ref)
	return engine.Result{Digest: target.Digest.String(), ID: details.Manifest.Config.Digest.String(), Followed: followed}, err
}

// texts are an image's layers.
func (s *shipyard) texts(ctx context.Context, d store.Details) ([]string, error) {
	var out []string
	for _, l := range d.Manifest.Layers {
		data, err := s.root.Read(ctx, l)
		if err != nil {
			return nil, err
		}
		out = append(out, string(data))
	}
	return out, nil
}
