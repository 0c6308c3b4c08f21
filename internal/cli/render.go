package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/fleet"
)

func (a *app) renderCommand() *cobra.Command {
	var artifact bool
	cmd := &cobra.Command{
		Use:   "render [flags] NAME DIRECTORY",
		Short: "Print the Dockerfile of one image",
		Long: `Prints the Dockerfile that NAME's Dockerfile.template gives, with the
configuration and the versions of the fleet as "slipway build" would use them.`,
		Example: `  slipway render nodejs images/
  slipway render nodejs images/ | less`,
		Args: exactArgs("NAME", "DIRECTORY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			f, err := fleet.Scan(cmd.Context(), fleet.ScanOptions{Dir: args[1], Config: cfg, ParseDockerfile: parseDockerfile})
			if err != nil {
				return err
			}
			img, err := f.Find(args[0])
			if err != nil {
				return err
			}
			text := img.Dockerfile
			if artifact {
				text = img.BuildDockerfile
			}
			if text == "" && img.Err != nil {
				return img.Err
			}
			fmt.Fprint(a.Out, text)
			if isTerminal(a.Out) && !strings.HasSuffix(text, "\n") {
				fmt.Fprintln(a.Out) // Jinja2 drops the last line break; a prompt needs one
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&artifact, "build", false, "print Dockerfile.build.template's result instead")
	return cmd
}
