package dockerfile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/solver/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
)

// configs answers BuildKit's questions for base images, and notes them.
type configs struct {
	known map[string]dockerspec.DockerOCIImageConfig
	mu    sync.Mutex
	asked map[string]bool
}

// ResolveImageConfig implements sourceresolver.ImageMetaResolver.
func (c *configs) ResolveImageConfig(_ context.Context, ref string, o sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := strings.TrimPrefix(ref, "docker.io/library/")
	c.asked[name] = true
	var img dockerspec.DockerOCIImage
	img.Config = c.known[name]
	img.Platform = *o.ImageOpt.Platform
	img.RootFS.DiffIDs = []digest.Digest{"sha256:" + digest.Digest(strings.Repeat("0", 64))} // else it is taken for scratch
	data, err := json.Marshal(img)
	return ref, "", data, err
}

// convert takes BuildKit's way: what it asked for, what gets into the image, and the image's configuration.
func convert(ctx context.Context, text string, known map[string]dockerspec.DockerOCIImageConfig, all bool) (asked, parts map[string]bool, result dockerspec.DockerOCIImageConfig, err error) {
	c := &configs{known: known, asked: map[string]bool{}}
	defer func() { // of all stages it cannot take what ONBUILD adds to some
		if r := recover(); r != nil && all {
			err = fmt.Errorf("%v", r)
		} else if r != nil {
			panic(r)
		}
	}()
	caps := pb.Caps.CapSet(pb.Caps.All())
	r, err := dockerfile2llb.Dockerfile2LLB(ctx, []byte(text), dockerfile2llb.ConvertOpt{MetaResolver: c, LLBCaps: &caps, AllStages: all})
	if err != nil {
		return nil, nil, result, err
	}
	definition, err := r.State.Marshal(ctx)
	if err != nil {
		return nil, nil, result, err
	}
	parts = map[string]bool{}
	for _, data := range definition.Def {
		var op pb.Op
		if err := op.UnmarshalVT(data); err != nil {
			return nil, nil, result, err
		}
		if image, ok := strings.CutPrefix(op.GetSource().GetIdentifier(), "docker-image://docker.io/library/"); ok {
			parts[image] = true
		}
	}
	return c.asked, parts, r.Image.Config, nil
}

// writer makes random Dockerfiles.
type writer struct {
	*rand.Rand
	images []string // that it may use
	stages []string
}

func (w *writer) pick(from ...string) string { return from[w.IntN(len(from))] }
