package dockercmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

func (a *app) execCommand() *cobra.Command {
	var o client.ExecCreateOptions
	var detach, interactive bool
	env, envFiles := opts.NewListOpts(opts.ValidateEnv), opts.NewListOpts(nil)
	cmd := &cobra.Command{
		Use: "exec [OPTIONS] CONTAINER COMMAND [ARG...]", Short: "Execute a command in a running container",
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			if o.Env, err = environment(envFiles.GetSlice(), env.GetSlice()); err != nil {
				return err
			}
			o.Cmd = args[1:]
			o.AttachStdin, o.AttachStdout, o.AttachStderr = interactive && !detach, !detach, !detach
			code, err := execute(cmd.Context(), cli, args[0], o, a.Streams)
			if err != nil || code != 0 {
				return &exitError{code, err}
			}
			return nil
		},
	}
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	fs.BoolVarP(&detach, "detach", "d", false, "run command in the background")
	fs.BoolVarP(&interactive, "interactive", "i", false, "keep STDIN open")
	fs.BoolVarP(&o.TTY, "tty", "t", false, "allocate a terminal")
	fs.BoolVar(&o.Privileged, "privileged", false, "refused")
	fs.StringVarP(&o.User, "user", "u", "", "user name or number, and group after a colon")
	fs.StringVarP(&o.WorkingDir, "workdir", "w", "", "working directory")
	fs.VarP(&env, "env", "e", "set an environment variable")
	fs.Var(&envFiles, "env-file", "read a file of environment variables")
	return cmd
}

// execute runs a command in a container and returns its exit code.
func execute(ctx context.Context, cli *client.Client, name string, o client.ExecCreateOptions, streams Streams) (int, error) {
	if o.TTY && o.AttachStdin && !isTerminal(streams.In) {
		return 1, errors.New("cannot attach stdin to a TTY-enabled container because stdin is not a terminal")
	}
	if o.TTY {
		o.ConsoleSize = sizeOf(streams.Out)
	}
	made, err := cli.ExecCreate(ctx, name, o)
	if err != nil {
		return 1, err
	}
	if !o.AttachStdout {
		if _, err := cli.ExecStart(ctx, made.ID, client.ExecStartOptions{Detach: true, TTY: o.TTY}); err != nil {
			return startCode(err), err
		}
		return 0, nil
	}
	conn, err := cli.ExecAttach(ctx, made.ID, client.ExecAttachOptions{TTY: o.TTY, ConsoleSize: o.ConsoleSize})
	if err != nil {
		return 1, err
	}
	defer conn.Close()
	// An interrupted docker exec leaves; its command goes on, as with Docker.
	defer context.AfterFunc(ctx, conn.Close)()
	s := session{id: made.ID, tty: o.TTY, stdin: o.AttachStdin, out: true, err: true}
	restore, err := enterTerminal(s, streams, func(rows, cols uint) {
		_, _ = cli.ExecResize(ctx, made.ID, client.ExecResizeOptions{Height: rows, Width: cols})
	})
	if err != nil {
		return 1, err
	}
	err = converse(conn.HijackedResponse, s, streams)
	restore()
	if err != nil {
		return 1, err
	}
	return execCode(context.WithoutCancel(ctx), cli, made.ID)
}

// execCode reads the exit code, which the server knows a moment after the end of
// the output.
func execCode(ctx context.Context, cli *client.Client, id string) (int, error) {
	for range 50 {
		state, err := cli.ExecInspect(ctx, id, client.ExecInspectOptions{})
		if err != nil {
			return 1, fmt.Errorf("cannot read exit code: %w", err)
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return 1, errors.New("cannot read exit code: the command has closed its output and still runs")
}
