package engine

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/engine/dockerfile/bounds"
	"github.com/slipway-build/slipway/problem"
)

// StepError says which line of the built Dockerfile failed.
type StepError struct {
	// File is "Dockerfile" or "Dockerfile.build": the rendered text, not the template.
	File string
	// Line counts from one; 0 when BuildKit names none.
	Line int
	// Text is the source of that line, without line breaks.
	Text string
	// Exit is the exit code of the failed RUN step, or -1.
	Exit int
	Err  error
}

// Error implements error. Of a RUN step that failed only the exit code is new:
// BuildKit's own text repeats the whole command.
func (e *StepError) Error() string {
	cause := strings.TrimPrefix(e.Err.Error(), "failed to solve: ")
	if e.Exit > 0 {
		cause = fmt.Sprintf("exit code %d", e.Exit)
	} else if strings.Contains(cause, unix.ENAMETOOLONG.Error()) {
		cause = tooLong(cause)
	}
	if e.Line == 0 {
		return cause
	}
	return fmt.Sprintf("%s line %d (%s): %s", e.File, e.Line, e.Text, cause)
}

// ownFolder is where the engine has an image's files: what is before a path in the image.
var ownFolder = regexp.MustCompile(`^.*?/(?:snapshots/snapshots/\d+/fs|tmp/(?:containerd|buildkit)-mount\d+)/`)

// tooLong says what an error of several thousand letters is about.
func tooLong(cause string) string {
	longest := ""
	for _, word := range strings.Fields(cause) {
		if len(word) > len(longest) {
			longest = word
		}
	}
	const shown = 60
	path := "/" + strings.TrimPrefix(strings.TrimSuffix(ownFolder.ReplaceAllString(longest, ""), ":"), "/")
	if len(path) > shown {
		path = path[:shown] + "..."
	}
	return problem.Text("the image has a path that is too long for this system: "+path,
		"Linux takes 4095 bytes, of which the engine's folder needs about a hundred; shorten the path, or take a shorter folder with --root")
}

// Unwrap returns BuildKit's own error.
func (e *StepError) Unwrap() error { return e.Err }

// fewLayers is a number of layers that could always be mounted: the page that has their names holds so many
// of eleven digits each.
const fewLayers = 250

// mountError is BuildKit's error of a step with too many layers below it, which names them all.
type mountError struct{ error }

// Error says what is too much. How many the kernel mounts depends on the length of their numbers.
func (mountError) Error() string {
	return fmt.Sprintf("cannot mount the layers below it: they are too many; no image can have more than %d, in an engine that has made many images some fewer; "+
		"write several steps as one", bounds.MaxLayers)
}

// Unwrap returns BuildKit's own error.
func (e mountError) Unwrap() error { return e.error }

// sourceLine is a line of a Dockerfile as messages have it.
func sourceLine(line string) string {
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), `\`))
}

// stepError adds the place in the Dockerfile that BuildKit attached to err.
func stepError(err error, file string) error {
	if own := (*StepError)(nil); errors.As(err, &own) { // it did not come from BuildKit
		own.File = file
		return own
	}
	step := &StepError{File: file, Exit: -1, Err: err}
	if text := err.Error(); strings.Contains(text, "mount") && strings.Count(text, "/fs:") >= fewLayers {
		step.Err = mountError{err}
	}
	var exit *gwpb.ExitError
	if errors.As(err, &exit) {
		step.Exit = int(exit.ExitCode)
	}
	for _, src := range errdefs.Sources(err) {
		if src.Info == nil || len(src.Ranges) == 0 {
			continue
		}
		step.Line = int(src.Ranges[0].Start.Line)
		lines := strings.Split(string(src.Info.Data), "\n")
		if step.Line >= 1 && step.Line <= len(lines) {
			step.Text = sourceLine(lines[step.Line-1])
		}
	}
	return step
}
