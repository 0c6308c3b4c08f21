package engine

import (
	"errors"
	"fmt"
	"strings"

	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
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
	}
	if e.Line == 0 {
		return cause
	}
	return fmt.Sprintf("%s line %d (%s): %s", e.File, e.Line, e.Text, cause)
}

// Unwrap returns BuildKit's own error.
func (e *StepError) Unwrap() error { return e.Err }

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
