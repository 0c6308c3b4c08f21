package dockercmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

// RunOptions say what container Run makes and how it is used.
type RunOptions struct {
	// Name is the container's; empty lets the server choose.
	Name string
	// Config and Host are as in Docker's API. What is attached follows from
	// Detach and Config.OpenStdin.
	Config container.Config
	Host   container.HostConfig
	// Detach prints the container's id instead of waiting for its end.
	Detach bool
	// Attach names the streams to connect: stdin, stdout, stderr; none means both outputs, and the input
	// if it is kept open.
	Attach []string
	// IDFile, if not empty, gets the container's id.
	IDFile string
	// KeepSignals does not pass signals on to the container.
	KeepSignals bool
	// Warn is told what has no effect; nil says it as docker does.
	Warn func(string)
}

// Run makes a container, starts it, connects it to the streams and returns its
// exit code once it has ended. An error comes with the exit code that docker has
// for it: 125 for the server's, 126 and 127 for a command that cannot be run.
func run(ctx context.Context, cli *client.Client, o RunOptions, s Streams) (int, error) {
	if o.Detach && len(o.Attach) > 0 {
		return ExitDaemon, errors.New("conflicting options: cannot specify both --attach and --detach")
	}
	attaches := func(stream string) bool { return len(o.Attach) == 0 || slices.Contains(o.Attach, stream) }
	out, errs := !o.Detach && attaches("stdout"), !o.Detach && attaches("stderr")
	interactive := o.Config.OpenStdin && !o.Detach
	if interactive && o.Config.Tty && !isTerminal(s.In) {
		return 1, errors.New("cannot attach stdin to a TTY-enabled container because stdin is not a terminal")
	}
	o.Config.AttachStdin, o.Config.StdinOnce = interactive, interactive
	o.Config.AttachStdout, o.Config.AttachStderr = out, errs
	if o.Config.Tty {
		size := sizeOf(s.Out)
		o.Host.ConsoleSize = [2]uint{size.Height, size.Width}
	}
	id, err := create(ctx, cli, o, s)
	if err != nil {
		return ExitDaemon, beforeStart(err)
	}
	if o.Detach {
		if _, err := cli.ContainerStart(ctx, id, client.ContainerStartOptions{}); err != nil {
			return startCode(err), err
		}
		fmt.Fprintln(s.Out, id)
		return 0, nil
	}
	condition := container.WaitConditionNextExit
	if o.Host.AutoRemove {
		condition = container.WaitConditionRemoved
	}
	return attached(ctx, cli, session{id: id, tty: o.Config.Tty, stdin: interactive, out: out, err: errs,
		start: true, until: condition, signals: !o.KeepSignals}, s)
}

// create makes a container and returns its id; warnings go to the error stream.
func create(ctx context.Context, cli *client.Client, o RunOptions, s Streams) (string, error) {
	if o.IDFile != "" {
		if _, err := os.Stat(o.IDFile); err == nil {
			return "", fmt.Errorf("container ID file found, make sure the other container isn't running or delete %s", o.IDFile)
		}
	}
	made, err := cli.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &o.Config, HostConfig: &o.Host, Name: o.Name})
	if err != nil {
		return "", err
	}
	warn := o.Warn
	if warn == nil {
		warn = func(text string) { fmt.Fprintln(s.Err, "WARNING:", text) }
	}
	for _, w := range made.Warnings {
		warn(w)
	}
	if o.IDFile != "" {
		if err := os.WriteFile(o.IDFile, []byte(made.ID), 0o644); err != nil {
			return made.ID, fmt.Errorf("cannot write the container's id: %w", err)
		}
	}
	return made.ID, nil
}

func validateStream(text string) (string, error) {
	stream := strings.ToLower(text)
	if !slices.Contains([]string{"stdin", "stdout", "stderr"}, stream) {
		return text, errors.New("valid streams are STDIN, STDOUT and STDERR")
	}
	return stream, nil
}

// startCode is docker's exit code for a container that did not start.
func startCode(err error) int {
	text := err.Error()
	switch {
	case strings.Contains(text, "executable file not found"), strings.Contains(text, "no such file or directory"):
		return exitNotFound
	case strings.Contains(text, "permission denied"), strings.Contains(text, "is a directory"):
		return exitCannotRun
	}
	return ExitDaemon
}

func (a *app) runCommand() *cobra.Command {
	f := &createFlags{}
	var o RunOptions
	attach := opts.NewListOpts(validateStream)
	proxy := true
	cmd := &cobra.Command{
		Use: "run [OPTIONS] IMAGE [COMMAND] [ARG...]", Short: "Create and run a new container from an image",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.prepare(cmd, f, &o, args)
			if err != nil {
				return &exitError{ExitDaemon, err}
			}
			o.KeepSignals, o.Attach = !proxy, attach.GetSlice()
			code, err := run(cmd.Context(), cli, o, a.Streams)
			if err != nil || code != 0 {
				return &exitError{code, err}
			}
			return nil
		},
	}
	f.register(cmd.Flags())
	cmd.Flags().BoolVarP(&o.Detach, "detach", "d", false, "run container in background and print container ID")
	cmd.Flags().BoolVar(&proxy, "sig-proxy", true, "proxy received signals to the process")
	cmd.Flags().VarP(&attach, "attach", "a", "connect a stream only: stdin, stdout or stderr")
	return cmd
}

func (a *app) createCommand() *cobra.Command {
	f := &createFlags{}
	var o RunOptions
	cmd := &cobra.Command{
		Use: "create [OPTIONS] IMAGE [COMMAND] [ARG...]", Short: "Create a new container",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.prepare(cmd, f, &o, args)
			if err != nil {
				return err
			}
			o.Config.AttachStdout, o.Config.AttachStderr = true, true
			o.Config.AttachStdin, o.Config.StdinOnce = o.Config.OpenStdin, o.Config.OpenStdin
			id, err := create(cmd.Context(), cli, o, a.Streams)
			if err == nil {
				fmt.Fprintln(a.Out, id)
			}
			return err
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// prepare turns flags and arguments into options.
func (a *app) prepare(cmd *cobra.Command, f *createFlags, o *RunOptions, args []string) (*client.Client, error) {
	detach := o.Detach
	options, err := f.options(cmd.Flags(), args[0], args[1:])
	if err != nil {
		return nil, err
	}
	*o = options
	o.Detach = detach
	return a.connect()
}
