package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/imagetest/dockercmd"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/store"
)

func (a *app) runCommand() *cobra.Command {
	var flags dockercmd.Flags
	cmd := &cobra.Command{
		Use:   "run [flags] IMAGE [COMMAND [ARG...]]",
		Short: "Run a container of an image in the terminal",
		Long: `Runs a container of an image in the store, with its own command or the one given,
and removes it when it ends. IMAGE is a name, with its tag if there are several, or
the end of one after a slash, if no other has it. On a terminal the container gets one too. It shares
the host's network. The exit code is that of the container's command; 125 means
that the container could not be made, 126 and 127 that the command cannot be run
or does not exist.`,
		Example: `  slipway run registry.example/app:1.0
  slipway run registry.example/base:1.0 bash
  slipway run -v "$PWD:/src:ro" -w /src registry.example/tools:1.0 make`,
		Args: first("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd, &flags, args) },
	}
	f := cmd.Flags()
	flags.Register(f)
	f.Bool("rm", true, "accepted for those used to docker: containers are always removed")
	_ = f.MarkHidden("rm") // it is there
	return cmd
}

// run gives the docker command of image tests an engine of its own.
func (a *app) run(cmd *cobra.Command, flags *dockercmd.Flags, args []string) (err error) {
	ctx := cmd.Context()
	err = a.withStore(ctx, func(s *store.Store) error {
		ref, err := find(ctx, s, args[0])
		if err == nil {
			_, err = s.Get(ctx, ref)
		}
		if err != nil {
			return fmt.Errorf("cannot run %s: %w", args[0], err)
		}
		args = append([]string{ref}, args[1:]...)
		return nil
	})
	if err != nil {
		return &exitError{dockercmd.ExitDaemon, err}
	}
	o, err := flags.Options(cmd.Flags(), args[0], args[1:])
	if err != nil {
		return &exitError{dockercmd.ExitDaemon, fmt.Errorf("cannot run %s: %w", args[0], err)}
	}
	o.Host.AutoRemove, o.Warn = true, a.printWarning
	if !cmd.Flags().Changed("interactive") && !cmd.Flags().Changed("tty") && isTerminal(a.In) && isTerminal(a.raw.Out) {
		o.Config.OpenStdin, o.Config.Tty = true, true
	}
	for range runAttempts {
		// Ctrl-C is the container's: it is passed on.
		gone, err := a.runContainer(context.WithoutCancel(ctx), o)
		if !gone || ctx.Err() != nil {
			return err
		}
	}
	return &exitError{dockercmd.ExitDaemon, problem.New("cannot run a container: each process whose engine was to run it ended before", "run the command again")}
}

// runAttempts bounds how often another engine is looked for when one has ended before the container began.
const runAttempts = 10

// runContainer runs a container once. Gone is true if the engine that was found ended before it began.
func (a *app) runContainer(ctx context.Context, o dockercmd.RunOptions) (gone bool, err error) {
	socket, stop, err := a.dockerSocket(ctx)
	if err != nil {
		return false, &exitError{dockercmd.ExitDaemon, err}
	}
	defer func() { err = errors.Join(err, stop()) }()
	code, gone, err := dockercmd.Try(ctx, "unix://"+socket, o, dockercmd.Streams{In: a.raw.In, Out: a.raw.Out, Err: a.raw.Err})
	if err != nil {
		err = fmt.Errorf("cannot run %s: %w", o.Config.Image, err)
	}
	if err != nil || code != 0 {
		return gone, &exitError{code, err}
	}
	return false, nil
}

// dockerSocket is Docker's API on an engine of this process or, while another
// one builds on the same root, on that one's. Stop gives it back.
func (a *app) dockerSocket(ctx context.Context) (socket string, stop func() error, err error) {
	root, err := a.engineRoot()
	if err != nil {
		return "", nil, err
	}
	process, err := embedded.Start(ctx, a.engineOptions(root))
	var busy *embedded.BusyError
	if errors.As(err, &busy) && answers(embedded.DockerSocket(root)) {
		fmt.Fprintf(a.Err, "the container ends at the latest with %s, whose engine it uses\n", busy.Holder)
		return embedded.DockerSocket(root), func() error { return nil }, nil
	}
	if errors.As(err, &busy) {
		process, _, err = a.startEngine(ctx)
	}
	if err != nil {
		return "", nil, err
	}
	end, err := serveDocker(ctx, process)
	if err != nil {
		return "", nil, errors.Join(err, process.Close())
	}
	return embedded.DockerSocket(root), func() error { return errors.Join(end(), process.Close()) }, nil
}

// answers tells whether somebody listens on a unix socket.
func answers(path string) bool {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// isTerminal tells whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
