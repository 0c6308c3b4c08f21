package bounds

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
)

// Base is what of an image counts for what is built FROM it.
type Base struct {
	Env     []string // NAME=value
	OnBuild []string // instructions
	Layers  int
}

// BaseOf reads an image's configuration, in Docker's form or OCI's.
func BaseOf(config []byte) (Base, error) {
	var img dockerspec.DockerOCIImage
	if err := json.Unmarshal(config, &img); err != nil {
		return Base{}, fmt.Errorf("cannot read the image's configuration: %w", err)
	}
	return Base{img.Config.Env, img.Config.OnBuild, len(img.RootFS.DiffIDs)}, nil
}

// Check refuses an image that no Dockerfile can be built FROM: its variables are too long, or its ONBUILD
// instructions make too much of them. The error is an *Error.
func (b Base) Check() error {
	env := &scope{variables: newVariables()}
	env.add(b.Env)
	if env.bytes > maxEnvironment {
		return tooMuch(0, "its variables have %d bytes, more than %d", env.bytes, maxEnvironment)
	}
	only := Dockerfile{Stages: []instructions.Stage{{BaseName: "base"}}, Escape: '\\'}
	_, err := Check(only, func(string) (Base, bool) { return b, true })
	return err
}

// Stage is the index of the stage that a build of a target makes: the last for the empty name, or for one
// that there is not.
func (d Dockerfile) Stage(target string) int {
	for i := len(d.Stages) - 1; i >= 0 && target != ""; i-- {
		if strings.EqualFold(d.Stages[i].Name, target) {
			return i
		}
	}
	return max(len(d.Stages)-1, 0)
}
