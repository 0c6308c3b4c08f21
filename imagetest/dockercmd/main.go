// Package dockercmd is the docker command for machines that have none: the part
// of it that image tests use, on Docker's API at DOCKER_HOST.
//
// Slipway puts itself on the PATH of tests under the name docker when there is
// no other. Flags, output and exit codes are those of Docker's command-line
// reference.
package dockercmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/moby/moby/client"
	"github.com/slipway-build/slipway/imagetest/dockerapi"
	"github.com/slipway-build/slipway/problem"
	"github.com/spf13/cobra"
)

// Exit codes of docker run and docker exec beside the container's own.
const (
	// ExitDaemon is for what went wrong before the container's command ran.
	ExitDaemon = 125
	// exitCannotRun is for a command that exists and cannot be run.
	exitCannotRun = 126
	// exitNotFound is for a command that does not exist.
	exitNotFound = 127
)

// Streams are the standard streams of a command. A terminal among them must be
// an *os.File to be treated as one.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// exitError ends the command with a code. A nil Err has been said already.
type exitError struct {
	code int
	err  error
}

// Error implements error.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the cause.
func (e *exitError) Unwrap() error { return e.err }

// app is what all commands share.
type app struct {
	Streams
	env    func(string) string
	host   string
	client *client.Client
}

// Main runs the docker command line args, without the program's name, and
// returns the exit code. Env looks up environment variables.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) int {
	used, err := commandLine(ctx, args, stdin, stdout, stderr, env)
	if err == nil {
		return 0
	}
	return report(stderr, used, err)
}

func commandLine(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string) (*cobra.Command, error) {
	text := &careful{w: stdout}
	if !isTerminal(stdout) {
		stdout = text
	}
	a := &app{Streams: Streams{stdin, stdout, stderr}, env: env}
	root := a.command()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	used, err := root.ExecuteContextC(ctx)
	if a.client != nil {
		a.client.Close()
	}
	if err == nil {
		err = text.err
	}
	return used, err
}

// report says what went wrong as docker does and picks the exit code.
func report(stderr io.Writer, used *cobra.Command, err error) int {
	code, prefix := 1, ""
	if used.Name() == "run" {
		code, prefix = ExitDaemon, "docker: "
	}
	var exit *exitError
	if errors.As(err, &exit) {
		code, err = exit.code, exit.err
	}
	if err != nil {
		fmt.Fprintln(stderr, prefix+strings.TrimSpace(err.Error()))
	}
	return code
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "docker COMMAND",
		Short: "Slipway's stand-in for docker while image tests run",
		Long: `The part of docker that image tests use, on the containers and images of the
running slipway command. Docker's own command works there too: install it for
all that is missing here.`,
		SilenceUsage: true, SilenceErrors: true, DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.Version = dockerapi.Version
	root.SetVersionTemplate("Docker version {{.Version}}, build slipway\n")
	root.Flags().BoolP("version", "v", false, "print the version")
	root.PersistentFlags().StringVarP(&a.host, "host", "H", "", "daemon socket to connect to (default $DOCKER_HOST)")
	root.AddCommand(a.containerCommands()...)
	root.AddCommand(a.imagesCommand("images"), a.pullCommand(), a.inspectCommand("inspect", anyObject),
		a.historyCommand(), a.tagCommand(), a.saveCommand(), a.removeImageCommand("rmi"), a.volumeCommand(),
		a.versionCommand(), a.infoCommand(), a.buildCommand())
	root.AddCommand(refusedCommands()...)
	containers := &cobra.Command{Use: "container COMMAND", Short: "Manage containers"}
	containers.AddCommand(a.containerCommands()...)
	containers.AddCommand(a.inspectCommand("inspect", containerObject), a.psCommand("ls", "list"))
	images := &cobra.Command{Use: "image COMMAND", Short: "Look at images"}
	images.AddCommand(a.imagesCommand("ls", "list"), a.pullCommand(), a.buildCommand(),
		a.historyCommand(), a.tagCommand(), a.saveCommand(), a.removeImageCommand("rm", "remove"),
		a.inspectCommand("inspect", imageObject))
	root.AddCommand(containers, images)
	return root
}

func (a *app) containerCommands() []*cobra.Command {
	return []*cobra.Command{
		a.runCommand(), a.createCommand(), a.execCommand(), a.startCommand(), a.stopCommand(), a.restartCommand(),
		a.killCommand(), a.removeCommand(), a.renameCommand(), a.waitCommand(), a.logsCommand(), a.psCommand("ps"),
		a.portCommand(), a.copyCommand(), a.topCommand(), a.diffCommand(), a.exportCommand(), a.commitCommand(),
	}
}

// connect makes the client on first use, so that help needs no server.
func (a *app) connect() (*client.Client, error) {
	if a.client != nil {
		return a.client, nil
	}
	host := a.host
	if host == "" {
		host = a.env("DOCKER_HOST")
	}
	if host == "" {
		return nil, problem.New("cannot find Docker's API: DOCKER_HOST is not set", "slipway sets it for the tests of images only")
	}
	cli, err := client.New(client.WithHost(host))
	if err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", host, err)
	}
	a.client = cli
	return cli, nil
}

// errGone is for what each was to do away with and was not there: nothing went wrong and nothing is printed.
var errGone = errors.New("it is gone")

// each calls do for every argument and goes on after failures, which it reports
// in the end; the name of each success is printed.
func (a *app) each(names []string, do func(string) error) error {
	var errs []error
	for _, name := range names {
		switch err := do(name); {
		case errors.Is(err, errGone):
			continue
		case err != nil:
			errs = append(errs, err)
			continue
		}
		fmt.Fprintln(a.Out, name)
	}
	return errors.Join(errs...)
}
