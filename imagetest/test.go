// Package imagetest runs the tests of images: a command of the user's for each, which finds a docker.
package imagetest

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/shlex"
)

// Test is the command that verifies images, as docker-pkg's verify_command and
// verify_args say it: "{path}" stands for the image's folder, "{image}" for its
// full reference.
type Test struct {
	Command string
	Args    []string
	// Timeout ends a test that hangs; zero sets none.
	Timeout time.Duration
	// Env is the whole environment of the command.
	Env []string
}

// Script is the same with another script than test.sh.
func (t Test) Script(name string) Test {
	t.Command, t.Args = "/bin/bash", []string{"-c", `"$0" "$1"`, "{path}/" + name, "{image}"}
	return t
}

// Names are the words with {path} in the arguments: the files of a test.
func (t Test) Names() ([]string, error) {
	var names []string
	for _, arg := range t.Args {
		if !strings.Contains(arg, "{path}") {
			continue
		}
		words, err := shlex.Split(arg)
		if err != nil {
			return nil, fmt.Errorf("cannot read verify_args %q: %w", arg, err)
		}
		for _, w := range words {
			if strings.Contains(w, "{path}") {
				names = append(names, w)
			}
		}
	}
	return names, nil
}

// Fill replaces the two fields the way Python's str.format does, doubled braces included.
func Fill(s, dir, ref string) string {
	return strings.NewReplacer("{path}", dir, "{image}", ref, "{{", "{", "}}", "}").Replace(s)
}
