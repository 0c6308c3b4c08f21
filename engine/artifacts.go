package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/slipway-build/slipway/recipe"
)

// artifactDir is the folder a build image leaves its results in (docker-pkg 2).
const artifactDir = "build"

var errNoArtifacts = errors.New("cannot find /" + artifactDir + " in the build image")

// artifacts are what a build image left.
type artifacts struct {
	files   fs.FS // its /build folder, as build/
	release func()
	uses    []recipe.Use // what its Dockerfile took of the context
	known   bool         // that
}

// buildArtifacts builds the artifact Dockerfile. The files live below r.Scratch until they are released.
func (e *Engine) buildArtifacts(ctx context.Context, r Request) (a artifacts, err error) {
	out, err := os.MkdirTemp(r.Scratch, "artifacts-")
	if err != nil {
		return a, fmt.Errorf("cannot make folder for build artifacts: %w", err)
	}
	root, err := os.OpenRoot(out)
	if err != nil {
		return a, fmt.Errorf("cannot open folder for build artifacts: %w", err)
	}
	a.files, a.release = root.FS(), func() { root.Close(); os.RemoveAll(out) }
	defer func() {
		if err != nil {
			a.release()
		}
	}()
	files := r.ArtifactContext
	if files == nil {
		files = r.Context
	}
	opt, attrs, err := solveOpt(r, r.ArtifactDockerfile, files)
	if err != nil {
		return a, err
	}
	opt.Exports = []client.ExportEntry{{Type: client.ExporterLocal, OutputDir: out}}
	var missing error // BuildKit passes on the cause alone
	_, err = e.solve(ctx, r, opt, func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		var res *gateway.Result
		var err error
		if missing = weigh(ctx, c, r.ArtifactDockerfile, attrs); missing != nil {
			return nil, missing
		}
		res, a.uses, a.known, err = solveArtifacts(ctx, c, attrs)
		if errors.Is(err, errNoArtifacts) {
			missing = err
		}
		return res, err
	})
	if err = cmp.Or(missing, err); err != nil {
		return a, stepError(err, "Dockerfile.build")
	}
	return a, nil
}

// solveArtifacts reduces the built root file system to its build folder.
func solveArtifacts(ctx context.Context, c gateway.Client, attrs map[string]string) (*gateway.Result, []recipe.Use, bool, error) {
	res, err := c.Solve(ctx, gateway.SolveRequest{Frontend: frontend, FrontendOpt: attrs, Evaluate: true})
	if err != nil {
		return nil, nil, false, err
	}
	uses, known := followed(ctx, res)
	res, err = onlyArtifacts(ctx, c, res)
	return res, uses, known, err
}

func onlyArtifacts(ctx context.Context, c gateway.Client, res *gateway.Result) (*gateway.Result, error) {
	ref, err := res.SingleRef()
	if err != nil {
		return nil, err
	}
	if ref == nil { // FROM scratch, and no step
		return nil, errNoArtifacts
	}
	state, err := ref.ToState()
	if err != nil {
		return nil, err
	}
	if _, err := ref.StatFile(ctx, gateway.StatRequest{Path: "/" + artifactDir}); err != nil {
		return nil, errNoArtifacts
	}
	only := llb.Scratch().File(
		llb.Copy(state, "/"+artifactDir, "/"+artifactDir, &llb.CopyInfo{CopyDirContentsOnly: true, CreateDestPath: true}),
		llb.WithCustomName("[artifacts] copy /"+artifactDir))
	def, err := only.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	return c.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB()})
}
