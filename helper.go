package slipway

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/imagetest/dockercmd"
)

// Streams are a program's standard streams.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Helper is for the main function of a program that builds. Image tests run such a program again: under the name
// docker it is the docker command that they find on their PATH, under another one what watches over their
// processes. If it was called so, Helper does that and returns its exit code; else is is false. The first of args
// is the program's name, as in os.Args.
func Helper(ctx context.Context, args []string, streams Streams) (code int, is bool) {
	if len(args) == 0 {
		return 0, false
	}
	switch filepath.Base(args[0]) {
	case imagetest.SupervisorName:
		return imagetest.Supervise(), true
	case "docker":
		return dockercmd.Main(ctx, args[1:], streams.In, streams.Out, streams.Err, os.Getenv), true
	}
	return 0, false
}
