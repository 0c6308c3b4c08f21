package runner

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/problem"
)

// takesSecret is the error of a build that takes the file of a secret from its context: what a step is lent
// would stay in the image, or in the build cache.
func (j *job) takesSecret(files *buildcontext.Tree) error {
	if j.run.Private == nil {
		return nil
	}
	var paths []string
	for _, file := range j.run.Private {
		info, err := os.Stat(file)
		if err == nil && info.Mode().IsRegular() { // else nothing was read from it, or it is no file that can be taken
			paths = append(paths, files.Same(info)...)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	taken, err := files.Takes(j.followed, paths, nil)
	if err != nil || len(taken) == 0 {
		return err
	}
	return problem.With(fmt.Errorf("an instruction takes %s, which is the file of a secret", filepath.Join(j.run.Fleet.Folder(j.image), taken[0])), "leave it out with a line in .dockerignore, or move it out of the folder")
}

// ungiven are BuildKit's words for what a step needs and nobody gives: its id has a variable, or an image from
// elsewhere asks for it, so that no plan knew.
var (
	ungivenSecret = pattern.New(`: secret (\S+): not found$`)
	ungivenAgent  = pattern.New(`: (?:no SSH key "?(\S+?)"? forwarded from the client|unset ssh forward key (\S+))$`)
)

// ungivenHint says how to give it; "" for another error.
func ungivenHint(err error) string {
	if m := ungivenSecret.FindStringSubmatch(err.Error()); m != nil {
		return fleet.SecretUse{ID: m[1]}.Hint()
	}
	if m := ungivenAgent.FindStringSubmatch(err.Error()); m != nil {
		return fleet.SecretUse{ID: m[1] + m[2], SSH: true}.Hint()
	}
	return ""
}
