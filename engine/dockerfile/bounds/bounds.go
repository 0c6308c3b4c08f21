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
	// MaxText is the length of a Dockerfile in bytes, templates rendered. BuildKit's parser takes a hundred
	// times as much.
	MaxText = 1 << 20
	// MaxLines is how many lines a Dockerfile may have, empty ones and comments too: places are kept of each.
	MaxLines = 100_000
	// MaxInstructions is how many a Dockerfile may have, with those that ONBUILD brings into each stage.
	// BuildKit looks at all that is above an instruction for each of its words.
	MaxInstructions = 5000
	// MaxStages is how many FROMs a Dockerfile may have: each copies what it inherits.
	MaxStages = 1000
	// MaxWords is how many words, options and elements of lists its instructions may have together. The
	// script of a RUN is one word.
	MaxWords = 20_000
	// MaxNesting is how deep ${A:-${B:-…}} may go: each level copies what is in it.
	MaxNesting = 50
	// MaxVariable is the length of a word or a variable in bytes, with all variables in place: Linux hands no
	// longer one to a program (MAX_ARG_STRLEN).
	MaxVariable = 128 << 10
	// MaxEnvironment is the length of all variables of a stage together: those of the kernel's
	// smallest limit for a program's arguments and environment (ARG_MAX at a stack of 1 MiB).
	MaxEnvironment = 256 << 10
	// MaxExpanded is the length of all that the instructions become, in bytes: words with their variables,
	// what steps are called, and for each step its environment and its entry in the image's history. BuildKit
	// sends no longer message, and the image's configuration is one.
	MaxExpanded = 16 << 20
	// MaxEntries is how many variables, labels, ports, volumes and entries of the history the stages may
	// inherit together.
	MaxEntries = 500_000
	// MaxPorts is how many ports may be exposed together: each of TCP, UDP and SCTP once.
	MaxPorts = 3 << 16
	// MaxPath is the length of a path in bytes: Linux' PATH_MAX.
	MaxPath = 4096
	// MaxReplaced is the length of the pattern in ${A#…}, ${A%…} and ${A/…/…}: it becomes a regular expression.
	MaxReplaced = 1024
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
