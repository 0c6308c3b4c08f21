// Command slipway builds and maintains fleets of container images.
//
// Exit codes: 0 all went well; 1 something failed (an image, a file, the
// engine), as the messages say; 2 the command line is wrong; 130 interrupted.
// "slipway run" passes on the code of the container's command.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/slipway-build/slipway/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the run cleanly, a second one at once.
	context.AfterFunc(ctx, stop)
	code := cli.Main(ctx, os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
