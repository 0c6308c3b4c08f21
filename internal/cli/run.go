package cli

import (
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/slipway-build/slipway"
)

func (a *app) runCommand() *cobra.Command {
	var flags *slipway.RunFlags
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
		RunE: func(cmd *cobra.Command, args []string) error { return a.run(cmd, flags, args) },
	}
	f := cmd.Flags()
	flags = slipway.NewRunFlags(f)
	f.Bool("rm", true, "accepted for those used to docker: containers are always removed")
	_ = f.MarkHidden("rm") // it is there
	return cmd
}

func (a *app) run(cmd *cobra.Command, flags *slipway.RunFlags, args []string) error {
	s, err := a.open(nil)
	if err != nil {
		return err
	}
	code, err := s.Run(cmd.Context(), slipway.RunOptions{
		Image: args[0], Command: args[1:], Flags: flags,
		Terminal: isTerminal(a.In) && isTerminal(a.raw.Out), Streams: slipway.Streams(a.raw),
	})
	if code != exitOK {
		return &exitError{code, err}
	}
	return err
}

// isTerminal tells whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
