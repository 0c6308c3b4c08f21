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
	"github.com/slipway-build/slipway/internal/cli/dockercmd"
	"github.com/slipway-build/slipway/store"
)

type runOptions struct {
	interactive, tty, readOnly bool
	entrypoint, user, workdir  string
	network                    string
	env, volumes, publish      []string
}

func (a *app) runCommand() *cobra.Command {
	var o runOptions
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
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd, o, args) },
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows IMAGE is the container's
	f.Bool("rm", true, "accepted for those used to docker: containers are always removed")
	f.MarkHidden("rm")
	f.BoolVarP(&o.interactive, "interactive", "i", false, "connect the standard input (default on a terminal)")
	f.BoolVarP(&o.tty, "tty", "t", false, "give the container a terminal (default on a terminal)")
	f.BoolVar(&o.readOnly, "read-only", false, "mount the container's root read-only")
	f.StringVar(&o.entrypoint, "entrypoint", "", "replace the image's entry point by `PROGRAM`")
	f.StringVarP(&o.user, "user", "u", "", "run as `USER[:GROUP]`, names or numbers")
	f.StringVarP(&o.workdir, "workdir", "w", "", "run in `DIR`")
	f.StringVar(&o.network, "network", "", "`MODE`: host (the default) or none")
	f.StringArrayVarP(&o.env, "env", "e", nil, "set a variable: `NAME=VALUE`, or NAME for this process's value")
	f.StringArrayVarP(&o.volumes, "volume", "v", nil, "bind a host path: `SOURCE:TARGET[:ro]`")
	f.StringArrayVarP(&o.publish, "publish", "p", nil, "forward a port: `[HOST:]CONTAINER`")
	return cmd
}

// args are the options as the docker command takes them, always in the same order: an error that two of
// them cause is always about the same one.
func (o runOptions) args(cmd *cobra.Command) []string {
	args := []string{"run", "--rm"}
	for _, f := range []struct {
		name string
		on   bool
	}{{"-i", o.interactive}, {"-t", o.tty}, {"--read-only", o.readOnly}} {
		if f.on {
			args = append(args, f.name)
		}
	}
	if cmd.Flags().Changed("entrypoint") {
		args = append(args, "--entrypoint="+o.entrypoint)
	}
	for _, f := range []struct{ name, value string }{{"--user", o.user}, {"--workdir", o.workdir}, {"--network", o.network}} {
		if f.value != "" {
			args = append(args, f.name+"="+f.value)
		}
	}
	for _, f := range []struct {
		name   string
		values []string
	}{{"--env", o.env}, {"--volume", o.volumes}, {"--publish", o.publish}} {
		for _, v := range f.values {
			args = append(args, f.name+"="+v)
		}
	}
	return append(args, "--")
}

// run gives the docker command of image tests an engine of its own.
func (a *app) run(cmd *cobra.Command, o runOptions, args []string) (err error) {
	ctx := cmd.Context()
	if !cmd.Flags().Changed("interactive") && !cmd.Flags().Changed("tty") && isTerminal(a.In) && isTerminal(a.raw.Out) {
		o.interactive, o.tty = true, true
	}
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
	args = append(o.args(cmd), args...)
	for range runAttempts {
		// Ctrl-C is the container's: the docker command passes it on.
		gone, err := a.runContainer(context.WithoutCancel(ctx), args)
		if !gone || ctx.Err() != nil {
			return err
		}
	}
	return &exitError{dockercmd.ExitDaemon, errors.New("cannot run a container: each process whose engine was to run it ended before\nhint: run the command again")}
}

// runAttempts bounds how often another engine is looked for when one has ended before the container began.
const runAttempts = 10

// runContainer runs the docker command line args once. Gone is true if the engine that was found ended
// before the container began.
func (a *app) runContainer(ctx context.Context, args []string) (gone bool, err error) {
	socket, stop, err := a.dockerSocket(ctx)
	if err != nil {
		return false, &exitError{dockercmd.ExitDaemon, err}
	}
	defer func() { err = errors.Join(err, stop()) }()
	env := func(key string) string {
		if key == "DOCKER_HOST" {
			return "unix://" + socket
		}
		return os.Getenv(key)
	}
	code, gone := dockercmd.Try(ctx, args, a.raw.In, a.raw.Out, a.raw.Err, env)
	if code != 0 {
		return gone, &exitError{code: code}
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
