package cli

import (
	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
)

func (a *app) inspectCommand() *cobra.Command {
	var remote bool
	cmd := &cobra.Command{
		Use:   "inspect [flags] IMAGE",
		Short: "Show what an image is, in the store or in its registry",
		Long: `Prints an image's digests, annotations, layers and configuration as JSON: of the
store, or with --remote of the registry that its name begins with. Its layers are
not read. In the store a name will do without its tag if there is only one, and so
will its end after a slash, if no other has it.`,
		Example: `  slipway inspect registry.example/team/app:1.0
  slipway inspect --remote debian:12 | jq -r .digest`,
		Args: exactArgs("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			details, err := a.details(cmd, args[0], remote)
			if err != nil {
				return err
			}
			return printJSON(a.Out, details)
		},
	}
	cmd.Flags().BoolVar(&remote, "remote", false, "ask the registry, not the store")
	return cmd
}

func (a *app) details(cmd *cobra.Command, image string, remote bool) (d slipway.Details, err error) {
	if !remote {
		s, err := a.open(nil)
		if err != nil {
			return d, err
		}
		return s.Inspect(cmd.Context(), image)
	}
	s, err := a.session(cmd)
	if err != nil {
		return d, err
	}
	return s.InspectRemote(cmd.Context(), image)
}
