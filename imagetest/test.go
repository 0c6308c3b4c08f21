// Package imagetest runs the tests of images: a command of the user's for each, which finds a docker.
package imagetest

import (
	"fmt"
	"slices"
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
}

// Script is the same with another script than test.sh.
func (t Test) Script(name string) Test {
	t.Command, t.Args = "/bin/bash", []string{"-c", `"$0" "$1"`, "{path}/" + literal.Replace(name), "{image}"}
	return t
}

// literal is what Fill leaves as it was.
var literal = strings.NewReplacer("{", "{{", "}", "}}")

// Names are the words with {path} in the arguments: the files of a test.
func (t Test) Names() ([]string, error) {
	var names []string
	shell := programs(t.words())
	for i, arg := range t.Args {
		switch {
		case !strings.Contains(arg, "{path}"):
			continue
		case strings.HasPrefix(arg, "{path}") && !shell[i+1] && !t.program(i):
			names = append(names, arg) // whatever is in the name
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

// Attached are those of the names that seem to be more than a path: an option, or what a shell does not take
// for a part of the word.
func Attached(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return strings.HasPrefix(name, "{path}") && !strings.ContainsAny(name, ";&|()<> \n")
	})
}

// program tells whether an argument seems to be a command line, although the command is no shell that is known.
func (t Test) program(i int) bool {
	return i > 0 && t.Args[i-1] == "-c" || strings.Contains(t.Args[i], "{image}")
}

// words are the command line before it is filled in.
func (t Test) words() []string { return append([]string{t.Command}, t.Args...) }

// commandLine is that of one image.
func (t Test) commandLine(dir, ref string) []string {
	words := t.words()
	shell := programs(words)
	for i, word := range words[1:] {
		if shell[i+1] {
			words[i+1] = fillShell(word, dir, ref)
			continue
		}
		words[i+1] = Fill(word, dir, ref)
	}
	return words
}

// Fill replaces the two fields the way Python's str.format does, doubled braces included.
func Fill(s, dir, ref string) string {
	return strings.NewReplacer("{path}", dir, "{image}", ref, "{{", "{", "}}", "}").Replace(s)
}
