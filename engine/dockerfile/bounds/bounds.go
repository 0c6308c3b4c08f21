// Package bounds tells what a Dockerfile would take of memory and time, before BuildKit's code expands it
// in this process: a line of 20 bytes can become gigabytes. It works on lengths where it can, and counts
// its own steps, so that it ends soon whatever it is given.
package bounds

import (
	"fmt"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// Each bound is far above what people write: the largest Dockerfile of the fleets that were looked at has
// 200 KB and 300 steps.
const (
	// maxText is the length of a Dockerfile in bytes, templates rendered. BuildKit's parser takes a hundred
	// times as much.
	maxText = 1 << 20
	// maxLines is how many lines a Dockerfile may have, empty ones and comments too: places are kept of each.
	maxLines = 100_000
	// maxInstructions is how many a Dockerfile may have, with those that ONBUILD brings into each stage.
	// BuildKit looks at all that is above an instruction for each of its words.
	maxInstructions = 5000
	// maxStages is how many FROMs a Dockerfile may have: each copies what it inherits.
	maxStages = 1000
	// maxWords is how many words, options and elements of lists its instructions may have together. The
	// script of a RUN is one word.
	maxWords = 20_000
	// maxNesting is how deep ${A:-${B:-…}} may go: each level copies what is in it.
	maxNesting = 50
	// maxVariable is the length of a word or a variable in bytes, with all variables in place: Linux hands no
	// longer one to a program (MAX_ARG_STRLEN).
	maxVariable = 128 << 10
	// maxEnvironment is the length of all variables of a stage together: those of the kernel's
	// smallest limit for a program's arguments and environment (ARG_MAX at a stack of 1 MiB).
	maxEnvironment = 256 << 10
	// maxExpanded is the length of all that the instructions become, in bytes: words with their variables,
	// what steps are called, and for each step its environment and its entry in the image's history. BuildKit
	// sends no longer message, and the image's configuration is one.
	maxExpanded = 16 << 20
	// maxEntries is how many variables, labels, ports, volumes and entries of the history the stages may
	// inherit together.
	maxEntries = 500_000
	// maxPorts is how many ports may be exposed together: each of TCP, UDP and SCTP once.
	maxPorts = 3 << 16
	// maxPath is the length of a path in bytes: Linux' PATH_MAX.
	maxPath = 4096
	// maxReplaced is the length of the pattern in ${A#…}, ${A%…} and ${A/…/…}: it becomes a regular expression.
	maxReplaced = 1024
	// MaxLayers is how many layers an image may have: as many as the kernel mounts over each other, which
	// are 500 (overlayfs' OVL_MAX_STACK) below the one that is written.
	MaxLayers = 501
	// maxWork is how many steps may be spent on one Dockerfile, here and in BuildKit's code: seconds.
	maxWork = 1 << 28
)

// Error is a Dockerfile that is too much.
type Error struct {
	Line int // counted from 1; 0 when no line is concerned
	Text string
}

// Error implements error. The place is the caller's to add.
func (e *Error) Error() string { return e.Text }

func tooMuch(line int, format string, args ...any) error {
	return &Error{Line: line, Text: fmt.Sprintf(format, args...)}
}

// TooManyLayers is the error of a stage that would have n layers.
func TooManyLayers(n int, stage instructions.Stage) error {
	return tooMuch(lineOf(stage.Location), "it would have %d layers, more than the %d that can be mounted over each other", n, MaxLayers)
}
