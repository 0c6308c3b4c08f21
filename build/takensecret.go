package build

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
)

// takesSecret is the error of a build that takes the file of a secret from its context: what a step is lent
// would stay in the image, or in the build cache.
func (j *job) takesSecret(files *buildcontext.Tree) error {
	if j.run.Private == nil {
		return nil
	}
	folder := j.run.Fleet.Folder(j.image)
	inside := map[string]string{}
	var paths []string
	for _, file := range j.run.Private {
		if rel, ok := within(folder, file); ok {
			inside[rel] = file
			paths = append(paths, rel)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	taken, err := files.Takes(j.followed, paths, nil)
	if err != nil {
		return err
	}
	for _, rel := range taken {
		if _, err := files.Stat(rel); err == nil {
			return fmt.Errorf("an instruction takes %s, which is the file of a secret\nhint: leave it out with a line in .dockerignore, or move it out of the folder", inside[rel])
		}
	}
	return nil
}

// within is where a file is below a folder, as a slash path, links in both resolved.
func within(folder, file string) (string, bool) {
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return "", false
	}
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return "", false
	}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	rel, err := filepath.Rel(folder, file)
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}

// ungiven are BuildKit's words for what a step needs and nobody gives: its id has a variable, or an image from
// elsewhere asks for it, so that no plan knew.
var (
	ungivenSecret = regexp.MustCompile(`: secret (\S+): not found$`)
	ungivenAgent  = regexp.MustCompile(`: (?:no SSH key "?(\S+?)"? forwarded from the client|unset ssh forward key (\S+))$`)
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
