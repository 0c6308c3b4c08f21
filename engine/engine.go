// Package engine runs one image build on BuildKit and nothing else.
//
// It is the only importer of BuildKit. Everything reaches BuildKit as its
// client does, so the same code serves the engine in this process
// (engine/embedded) and, later, a daemon's or a remote worker.
package engine

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/util/progress/progressui"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/recipe"
	"github.com/slipway-build/slipway/secret"
)

// Request is one image to build.
type Request struct {
	// Ref is the canonical reference the result gets in the image store, such as
	// "registry.example/team/app:1.2.3" or "docker.io/library/app:1"; FROM looks
	// for that form.
	Ref string
	// Context holds the files COPY and ADD may read: all of them, whatever a
	// .dockerignore among them says. Symbolic links are sent as they are; whoever
	// makes the file system decides which exist.
	Context fs.FS
	// Dockerfile is the text to build.
	Dockerfile []byte
	// ArtifactDockerfile is built first when not nil, with ArtifactContext or,
	// without one, Context; its /build folder joins the context as build/.
	ArtifactDockerfile []byte
	ArtifactContext    fs.FS
	// Target is the stage to build; empty is the last.
	Target string
	// Args are build arguments. Predefined ones (http_proxy and its kin) reach
	// RUN steps without entering the image or its cache key.
	Args map[string]string
	// Given are the secrets and SSH agents that RUN --mount finds. They reach the steps that name them, and
	// are no part of the image or its cache key; where they come from is part of that key.
	Given secret.Set
	// Annotate returns what is written into the image's manifest, when it is known what the build took of
	// its context. It changes the manifest's digest, not the image's own id. Nil is nothing.
	Annotate func(recipe.Followed) (map[string]string, error)
	// NoCache runs every step anew.
	NoCache bool
	// Limits bound the RUN steps.
	Limits Limits
	// Epoch is SOURCE_DATE_EPOCH: the creation time written into the image, and
	// the time of all files of the context.
	Epoch time.Time
	// Scratch is a folder for artifacts on their way from one build to the next.
	Scratch string
	// Log gets the build's output as plain text lines; nil discards it.
	Log io.Writer
	// Progress is called as steps start, end and print; nil ignores them. Calls
	// come from one goroutine.
	Progress func(Update)
}

// Limits bound each RUN step. Zero values set no bound.
type Limits struct {
	Memory, MemSwap int64 // bytes; MemSwap is memory plus swap, -1 without bound
	CPUShares       uint64
	CPUSetCPUs      string // as in cpuset(7): "0-3", "0,1"
}

// Result is a finished image.
type Result struct {
	// Digest is that of the image's manifest, ID that of its configuration, which
	// stands for all layers.
	Digest, ID string
	// Followed is what the build took of its context.
	Followed recipe.Followed
}

// Level is the compatibility level: it rises with a change that makes other bits of the same request,
// and all images are built again then.
const Level = 1

// Engine builds images. It is safe for concurrent use.
type Engine struct{ bk *client.Client }

// New returns an engine on a connection to BuildKit, which stays the caller's.
func New(bk *client.Client) *Engine { return &Engine{bk: bk} }

// Build builds r and stores the image under r.Ref, or leaves the store as it
// was. The error is a *StepError when a step of the Dockerfile failed.
func (e *Engine) Build(ctx context.Context, r Request) (Result, error) {
	out := Result{Followed: recipe.Followed{Known: true}}
	files := r.Context
	if r.ArtifactDockerfile != nil {
		artifacts, err := e.buildArtifacts(ctx, r)
		if err != nil {
			return Result{}, err
		}
		defer artifacts.release()
		files = overlay(files, artifacts.files)
		out.Followed.Known, out.Followed.Artifacts = artifacts.known, artifacts.uses
	}
	opt, attrs, err := solveOpt(r, r.Dockerfile, files)
	if err != nil {
		return Result{}, err
	}
	opt.Exports = []client.ExportEntry{{Type: client.ExporterImage, Attrs: map[string]string{
		string(exptypes.OptKeyName):             r.Ref,
		string(exptypes.OptKeyOCITypes):         "true",
		string(exptypes.OptKeyLayerCompression): "gzip",
	}}}
	var refused error // of which BuildKit passes on the text alone
	resp, err := e.solve(ctx, r, opt, func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		if refused = weigh(ctx, c, r.Dockerfile, attrs); refused != nil {
			return nil, refused
		}
		res, err := c.Solve(ctx, gateway.SolveRequest{Frontend: frontend, FrontendOpt: attrs})
		if err != nil {
			return nil, err
		}
		uses, known := followed(ctx, res)
		out.Followed.Known, out.Followed.Context = out.Followed.Known && known, uses
		if r.Annotate == nil {
			return res, nil
		}
		annotations, err := r.Annotate(out.Followed)
		for k, v := range annotations {
			res.AddMeta(exptypes.AnnotationManifestKey(nil, k), []byte(v))
		}
		return res, err
	})
	if err = cmp.Or(refused, err); err != nil {
		return Result{}, stepError(err, "Dockerfile")
	}
	out.Digest, out.ID = resp.ExporterResponse[exptypes.ExporterImageDigestKey], resp.ExporterResponse[exptypes.ExporterImageConfigDigestKey]
	if out.Digest == "" {
		return Result{}, fmt.Errorf("internal error: BuildKit named no digest for %s", r.Ref)
	}
	return out, nil
}

// frontend is the one of Dockerfiles, argument what it has before the names of build arguments.
const (
	frontend = "dockerfile.v0"
	argument = "build-arg:"
)

// checkArgument is the build argument that says what BuildKit's linter does.
const checkArgument = "BUILDKIT_DOCKERFILE_CHECK"

// checks tells whether the linter can matter to a build: when a "# check=" line lets it end the build. Else
// its warnings are for "slipway lint" alone; here nobody reads them, and each brings the whole Dockerfile along.
func checks(dockerfile []byte) bool {
	options, _, _, _ := parser.ParseDirective("check", dockerfile)
	return strings.Contains(options, "error") || bytes.Contains(dockerfile, []byte(checkArgument))
}

// solve runs f, which may ask for any number of solves and returns what is exported.
func (e *Engine) solve(ctx context.Context, r Request, opt client.SolveOpt, f gateway.BuildFunc) (resp *client.SolveResponse, err error) {
	err = watch(ctx, r, func(ctx context.Context, ch chan *client.SolveStatus) (err error) {
		resp, err = e.bk.Build(ctx, opt, "slipway", f, ch)
		return err
	})
	return resp, err
}

// solveOpt is what every solve of a request has in common, and the frontend's attributes.
func solveOpt(r Request, dockerfile []byte, files fs.FS) (client.SolveOpt, map[string]string, error) {
	attrs := map[string]string{
		"filename":           "Dockerfile",
		"image-resolve-mode": "local",
		// A "# syntax=" line would fetch another frontend and run it. docker-pkg's
		// builder ignores the line; naming a command line does so here.
		"cmdline":                      "slipway",
		argument + "SOURCE_DATE_EPOCH": strconv.FormatInt(max(r.Epoch.Unix(), 0), 10),
	}
	if !checks(dockerfile) {
		attrs[argument+checkArgument] = "skip=all"
	}
	if r.NoCache {
		attrs["no-cache"] = ""
	}
	if r.Target != "" {
		attrs["target"] = r.Target
	}
	for k, v := range r.Args {
		attrs[argument+k] = v
	}
	r.Limits.set(attrs)
	scopes(r.Given, attrs)
	opt := newSolveOpt(dockerfile, files, time.Unix(max(r.Epoch.Unix(), 0), 0))
	var err error
	opt.Session, err = attachables(r.Given)
	return opt, attrs, err
}

// set writes the limits under the names the Dockerfile frontend knows.
func (l Limits) set(attrs map[string]string) {
	if l.Memory > 0 {
		attrs["memory"] = strconv.FormatInt(l.Memory, 10)
	}
	if l.MemSwap != 0 {
		attrs["memswap"] = strconv.FormatInt(l.MemSwap, 10)
	}
	if l.CPUShares > 0 {
		attrs["cpushares"] = strconv.FormatUint(l.CPUShares, 10)
	}
	if l.CPUSetCPUs != "" {
		attrs["cpusetcpus"] = l.CPUSetCPUs
	}
}

// watch runs a solve and feeds its status to the request's log and progress.
func watch(ctx context.Context, r Request, solve func(context.Context, chan *client.SolveStatus) error) error {
	status := make(chan *client.SolveStatus)
	logged := make(chan *client.SolveStatus)
	log := r.Log
	if log == nil {
		log = io.Discard
	}
	display, err := progressui.NewDisplay(log, progressui.PlainMode)
	if err != nil {
		return fmt.Errorf("cannot write build log: %w", err)
	}
	eg, egctx := errgroup.WithContext(ctx)
	eg.Go(func() error { return solve(egctx, status) })
	eg.Go(func() error {
		defer close(logged)
		l := lines{}
		for s := range status {
			if r.Progress != nil {
				r.Progress(newUpdate(s))
			}
			logged <- l.whole(s)
		}
		logged <- l.rest()
		return nil
	})
	// The display must drain its channel whatever happens, or the solve stalls.
	eg.Go(func() error {
		_, err := display.UpdateFrom(context.WithoutCancel(ctx), logged)
		return err
	})
	return eg.Wait()
}

// Update is what became known of a running build since the last one.
type Update struct {
	Steps []Step
	Logs  []Output
}

// Step is one vertex of the build, such as "[2/4] RUN make".
type Step struct {
	ID, Name           string
	Started, Completed time.Time // zero: not yet
	Cached             bool
	Error              string
}

// Output is what a step printed.
type Output struct {
	StepID string
	Data   []byte
}

func newUpdate(s *client.SolveStatus) Update {
	var u Update
	for _, v := range s.Vertexes {
		step := Step{ID: v.Digest.String(), Name: strings.TrimSpace(v.Name), Cached: v.Cached, Error: v.Error}
		if v.Started != nil {
			step.Started = *v.Started
		}
		if v.Completed != nil {
			step.Completed = *v.Completed
		}
		u.Steps = append(u.Steps, step)
	}
	for _, l := range s.Logs {
		u.Logs = append(u.Logs, Output{StepID: l.Vertex.String(), Data: l.Data})
	}
	return u
}
