// Package cli is the command line: flags to options, one domain call, print.
package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/secret/redact"
)

// Exit codes of the program.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Streams are the program's standard streams.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// app is what all commands share: streams and global flags.
type app struct {
	Streams             // text: without secrets
	raw         Streams // what is no text: an archive, a container's own
	configFile  string
	root        string
	stateDir    string
	info        bool
	debug       bool
	commandLine string          // as a person typed it
	began       bool            // a command's own code runs: errors before it are of usage
	secrets     *redact.Secrets // of the configuration; nil before it is read
	hidden      []string        // the texts that secrets hides
	spared      bool            // it was said that some are shown
	typed       *invocation     // for the commands in hints
	warned      map[string]bool // of the fleet, see warnOnce
}

// exitError ends the program with a code; a nil Err has already been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// Main runs the program with args (the program's name first) and returns its
// exit code. Called as image tests do, it is what slipway.Helper says.
func Main(ctx context.Context, args []string, s Streams) int {
	if code, is := slipway.Helper(ctx, args, slipway.Streams(s)); is {
		return code
	}
	if os.Getenv("GOGC") == "" {
		pace.begin.Do(pace.keep)
	}
	out, errs := outlet.New(s.Out), outlet.New(s.Err)
	a := &app{Streams: Streams{In: s.In, Out: out, Err: errs}, raw: s, commandLine: strings.Join(args, " ")}
	root := a.command()
	a.typed = &invocation{program: args[0], flags: root.PersistentFlags()}
	root.SetArgs(args[1:])
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := guarded(func() error { return root.ExecuteContext(ctx) })
	_ = out.Flush() // Err tells
	if lost := out.Err(); lost != nil && !errors.Is(err, lost) {
		err = errors.Join(err, lost)
	}
	code := a.exitCode(ctx, err)
	_ = errs.Flush() // there is nobody to tell
	return code
}

// guarded makes an error of a panic in f, with the trace that whoever mends the program needs. What people
// can mend is never a panic.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = problem.With(fmt.Errorf("internal error: %v\n%s", r, bytes.TrimSpace(debug.Stack())), "this is a mistake in slipway; please report it with these lines")
		}
	}()
	return f()
}

// exitCode says the error, once, and picks the code. An error that was said already does not keep
// those that are joined to it from being said.
func (a *app) exitCode(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if errors.As(err, &exit) {
		for _, e := range problem.Each(err) {
			a.sayUnsaid(ctx, e)
		}
		return exit.code
	}
	if ctx.Err() != nil {
		fmt.Fprintln(a.Err, "slipway: interrupted")
		return exitInterrupted
	}
	if lost := (*outlet.Error)(nil); !a.began && !errors.As(err, &lost) {
		a.printError(problem.With(err, "`slipway --help` shows the commands"))
		return exitUsage
	}
	a.printError(err)
	return exitFailed
}

// sayUnsaid prints one error of several, if it is neither said already nor a mere word of the
// interruption.
func (a *app) sayUnsaid(ctx context.Context, err error) {
	var exit *exitError
	switch {
	case errors.As(err, &exit):
		if exit.err != nil {
			a.printError(exit.err)
		}
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
	default:
		a.printError(err)
	}
}

// markBegin makes every command note that it has begun: what cobra finds wrong
// before is a matter of usage.
func (a *app) markBegin(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		a.markBegin(c)
	}
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.began, a.typed.directory = true, directoryOf(cmd, args)
			return run(cmd, args)
		}
	}
}

const defaultRootText = "/var/lib/slipway for root, $XDG_DATA_HOME/slipway for others"

const rootLong = `Slipway builds and maintains fleets of container images: a folder tree of
definitions goes in, tested and versioned images come out, in the right order,
without a daemon.

A definition is a folder with a Dockerfile.template (Jinja2), a Debian changelog
(the newest entry is the image's name and version) and, if it has dependencies,
a control file. Commands, flags, configuration and files are docker-pkg's.

Images are built by BuildKit inside this process and kept, with the build cache,
under one folder: /var/lib/slipway for root, $XDG_DATA_HOME/slipway for others,
or what --root or SLIPWAY_ROOT names.

Exit codes: 0 all went well; 1 something failed, as the messages say; 2 the
command line is wrong; 130 interrupted.`

const rootExample = `  slipway build images/                 build what is not there yet
  slipway build --select '*nodejs*' images/
  slipway build --dry-run images/       only say what would be built, and why
  slipway update nodejs --reason 'CVE-2026-1' images/
  slipway images                        list what was built
  slipway run registry.example/app:1.0  try an image`

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "slipway",
		Short:         "Build and maintain fleets of container images",
		Long:          rootLong,
		Example:       rootExample,
		Version:       ownVersion(),
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if a.info && a.debug {
				return usageError(cmd, errors.New("--info and --debug exclude each other"))
			}
			return nil
		},
		SilenceUsage: true,
		Args:         cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError(cmd, errors.New("a command is needed"))
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.configFile, "configfile", "c", "config.yaml", "the fleet's configuration `FILE`")
	flags.StringVar(&a.root, "root", "", "`DIR` of images and build cache (default "+defaultRootText+")")
	flags.StringVarP(&a.stateDir, "state-dir", "s", "", "`DIR` of the state file (default: --root)")
	flags.BoolVar(&a.info, "info", false, "show the output of builds as they run")
	flags.BoolVar(&a.debug, "debug", false, "like --info, and BuildKit's own log")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError(cmd, err) })
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddGroup(&cobra.Group{ID: "fleet", Title: "Fleet commands:"}, &cobra.Group{ID: "image", Title: "Image commands:"})
	for _, c := range []*cobra.Command{a.buildCommand(), a.planCommand(), a.historyCommand(), a.logCommand(), a.renderCommand(), a.lintCommand(), a.updateCommand(), a.pruneCommand(), a.configCommand()} {
		c.GroupID = "fleet"
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{
		a.imagesCommand(), a.inspectCommand(), a.runCommand(), a.tagCommand(), a.pushCommand(), a.pullCommand(),
		a.saveCommand(), a.rmiCommand(), a.duCommand(), a.checkCommand(), a.loginCommand(), a.logoutCommand(),
	} {
		c.GroupID = "image"
		root.AddCommand(c)
	}
	a.markBegin(root)
	return root
}

// usageError points at the help of the command that was called wrongly.
func usageError(cmd *cobra.Command, err error) error {
	return &exitError{exitUsage, problem.Withf(err, "`%s --help` shows the usage", cmd.CommandPath())}
}

// loadConfig reads the configuration.
func (a *app) loadConfig(cmd *cobra.Command) (*config.Config, error) {
	return config.Load(config.Sources{
		File:         a.configFile,
		FileExplicit: cmd.Flags().Changed("configfile"),
		Env:          os.Getenv,
		Flag: func(name string) (string, bool) {
			f := cmd.Flags().Lookup(name)
			if f == nil || !f.Changed {
				return "", false
			}
			return f.Value.String(), true
		},
	})
}
