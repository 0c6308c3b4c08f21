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
)

// artifactDir is the folder a build image leaves its results in (docker-pkg 2).
const artifactDir = "build"

var errNoArtifacts = errors.New("cannot find /" + artifactDir + " in the build image")

// buildArtifacts builds the artifact Dockerfile and returns a file system that
// holds its /build folder as build/. The files live below r.Scratch until the
// returned function is called.
func (e *Engine) buildArtifacts(ctx context.Context, r Request) (_ fs.FS, _ func(), err error) {
	out, err := os.MkdirTemp(r.Scratch, "artifacts-")
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make folder for build artifacts: %w", err)
	}
	root, err := os.OpenRoot(out)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot open folder for build artifacts: %w", err)
	}
	release := func() { root.Close(); os.RemoveAll(out) }
	defer func() {
		if err != nil {
			release()
		}
	}()
	opt, err := solveOpt(r, r.ArtifactDockerfile, r.Context)
	if err != nil {
		return nil, nil, err
	}
	attrs := opt.FrontendAttrs
	opt.FrontendAttrs = nil
	opt.Frontend = ""
	opt.Exports = []client.ExportEntry{{Type: client.ExporterLocal, OutputDir: out}}
	var missing error // BuildKit passes on the cause alone
	err = watch(ctx, r, func(ctx context.Context, ch chan *client.SolveStatus) error {
		_, err := e.bk.Build(ctx, opt, "slipway", func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
			res, err := solveArtifacts(ctx, c, attrs)
			if errors.Is(err, errNoArtifacts) {
				missing = err
			}
			return res, err
		}, ch)
		return cmp.Or(missing, err)
	})
	if err != nil {
		return nil, nil, stepError(err, "Dockerfile.build")
	}
	return root.FS(), release, nil
}

// solveArtifacts reduces the built root file system to its build folder.
func solveArtifacts(ctx context.Context, c gateway.Client, attrs map[string]string) (*gateway.Result, error) {
	res, err := c.Solve(ctx, gateway.SolveRequest{Frontend: "dockerfile.v0", FrontendOpt: attrs, Evaluate: true})
	if err != nil {
		return nil, err
	}
	ref, err := res.SingleRef()
	if err != nil {
		return nil, err
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
