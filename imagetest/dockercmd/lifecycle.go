package dockercmd

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/problem"
)

// onEach is a command that does one thing to each container named.
func (a *app) onEach(use, short string, do func(ctx context.Context, cli *client.Client, name string) error) *cobra.Command {
	return &cobra.Command{
		Use: use + " [OPTIONS] CONTAINER [CONTAINER...]", Short: short, Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			return a.each(args, func(name string) error { return do(cmd.Context(), cli, name) })
		},
	}
}

func (a *app) startCommand() *cobra.Command {
	var attach, interactive bool
	cmd := a.onEach("start", "Start stopped containers", func(ctx context.Context, cli *client.Client, name string) error {
		_, err := cli.ContainerStart(ctx, name, client.ContainerStartOptions{})
		return err
	})
	simple := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !attach && !interactive {
			return simple(cmd, args)
		}
		if len(args) > 1 {
			return fmt.Errorf("cannot start and attach %d containers at once", len(args))
		}
		cli, err := a.connect()
		if err != nil {
			return err
		}
		found, err := cli.ContainerInspect(cmd.Context(), args[0], client.ContainerInspectOptions{})
		if err != nil {
			return err
		}
		c := found.Container
		s := session{id: c.ID, tty: c.Config.Tty, stdin: interactive && c.Config.OpenStdin, out: true, err: true,
			start: true, until: container.WaitConditionNextExit, signals: true}
		if c.HostConfig.AutoRemove {
			s.until = container.WaitConditionRemoved
		}
		code, err := attached(cmd.Context(), cli, s, a.Streams)
		if err != nil {
			code = 1
		}
		if err != nil || code != 0 {
			return &exitError{code, err}
		}
		return nil
	}
	cmd.Flags().BoolVarP(&attach, "attach", "a", false, "attach outputs and forward signals")
	cmd.Flags().BoolVarP(&interactive, "interactive", "i", false, "attach the container's input")
	return cmd
}

func (a *app) stopCommand() *cobra.Command {
	var o client.ContainerStopOptions
	var timeout int
	var cmd *cobra.Command
	cmd = a.onEach("stop", "Stop running containers", func(ctx context.Context, cli *client.Client, name string) error {
		if cmd.Flags().Changed("timeout") || cmd.Flags().Changed("time") {
			o.Timeout = &timeout
		}
		_, err := cli.ContainerStop(ctx, name, o)
		return err
	})
	stopFlags(cmd, &o.Signal, &timeout)
	return cmd
}

func (a *app) restartCommand() *cobra.Command {
	var o client.ContainerRestartOptions
	var timeout int
	var cmd *cobra.Command
	cmd = a.onEach("restart", "Restart containers", func(ctx context.Context, cli *client.Client, name string) error {
		if cmd.Flags().Changed("timeout") || cmd.Flags().Changed("time") {
			o.Timeout = &timeout
		}
		_, err := cli.ContainerRestart(ctx, name, o)
		return err
	})
	stopFlags(cmd, &o.Signal, &timeout)
	return cmd
}

// stopFlags has the timeout under its old and its new name; -t was always it.
func stopFlags(cmd *cobra.Command, signal *string, timeout *int) {
	cmd.Flags().StringVarP(signal, "signal", "s", "", "signal to send")
	cmd.Flags().IntVarP(timeout, "timeout", "t", 0, "seconds to wait before killing")
	cmd.Flags().IntVar(timeout, "time", 0, "as --timeout")
}

func (a *app) killCommand() *cobra.Command {
	var o client.ContainerKillOptions
	cmd := a.onEach("kill", "Kill running containers", func(ctx context.Context, cli *client.Client, name string) error {
		_, err := cli.ContainerKill(ctx, name, o)
		return err
	})
	cmd.Flags().StringVarP(&o.Signal, "signal", "s", "", "signal to send")
	return cmd
}

func (a *app) removeCommand() *cobra.Command {
	var o client.ContainerRemoveOptions
	cmd := a.onEach("rm", "Remove containers", func(ctx context.Context, cli *client.Client, name string) error {
		_, err := cli.ContainerRemove(ctx, name, o)
		if o.Force && errdefs.IsNotFound(err) {
			return errGone
		}
		return err
	})
	cmd.Aliases = []string{"remove"}
	cmd.Flags().BoolVarP(&o.Force, "force", "f", false, "kill running containers")
	cmd.Flags().BoolVarP(&o.RemoveVolumes, "volumes", "v", false, "accepted: volumes go with the container")
	return cmd
}

func (a *app) renameCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rename CONTAINER NEW_NAME", Short: "Rename a container", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			_, err = cli.ContainerRename(cmd.Context(), args[0], client.ContainerRenameOptions{NewName: args[1]})
			return err
		},
	}
}

func (a *app) waitCommand() *cobra.Command {
	return &cobra.Command{
		Use: "wait CONTAINER [CONTAINER...]", Short: "Wait for containers to end and print their exit codes",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			for _, name := range args {
				wait := cli.ContainerWait(cmd.Context(), name, client.ContainerWaitOptions{})
				select {
				case result := <-wait.Result:
					fmt.Fprintln(a.Out, result.StatusCode)
				case err := <-wait.Error:
					return err
				}
			}
			return nil
		},
	}
}

func (a *app) logsCommand() *cobra.Command {
	o := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true}
	cmd := &cobra.Command{
		Use: "logs [OPTIONS] CONTAINER", Short: "Show the output of a container", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			found, err := cli.ContainerInspect(cmd.Context(), args[0], client.ContainerInspectOptions{})
			if err != nil {
				return err
			}
			logs, err := cli.ContainerLogs(cmd.Context(), found.Container.ID, o)
			if err != nil {
				return err
			}
			defer logs.Close()
			if found.Container.Config.Tty {
				_, err = io.Copy(a.Out, logs)
			} else {
				_, err = stdcopy.StdCopy(a.Out, a.Err, logs)
			}
			return err
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&o.Follow, "follow", "f", false, "go on until the container ends")
	fs.BoolVarP(&o.Timestamps, "timestamps", "t", false, "show timestamps")
	fs.StringVarP(&o.Tail, "tail", "n", "all", "number of last lines to show")
	fs.StringVar(&o.Since, "since", "", "show what is newer: a timestamp, or a time ago such as 42m")
	fs.StringVar(&o.Until, "until", "", "show what is older")
	return cmd
}

func (a *app) portCommand() *cobra.Command {
	return &cobra.Command{
		Use: "port CONTAINER [PORT[/PROTOCOL]]", Short: "List port mappings of a container", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			found, err := cli.ContainerInspect(cmd.Context(), args[0], client.ContainerInspectOptions{})
			if err != nil {
				return err
			}
			var lines []string
			for port, bindings := range found.Container.NetworkSettings.Ports {
				for _, b := range bindings {
					if len(args) == 1 {
						lines = append(lines, fmt.Sprintf("%s -> %s:%s", port, b.HostIP, b.HostPort))
					} else if args[1] == port.String() || args[1] == port.Port() && port.Proto() == "tcp" {
						lines = append(lines, fmt.Sprintf("%s:%s", b.HostIP, b.HostPort))
					}
				}
			}
			if len(args) == 2 && len(lines) == 0 {
				return fmt.Errorf("no public port '%s' published for %s", args[1], args[0])
			}
			printSorted(a.Out, lines)
			return nil
		},
	}
}

func (a *app) buildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "build", Short: "Not done here: use `slipway build`", DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return problem.With(fmt.Errorf("cannot build %s: Slipway's stand-in for docker builds no images", strings.Join(args, " ")), "an image that a test needs is one of the fleet, or of base_images")
		},
	}
}
