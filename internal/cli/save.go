package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"
)

func (a *app) saveCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "save [flags] IMAGE...",
		Short: "Write images to a tar file",
		Long: `Writes images as one tar that is both an OCI image layout (skopeo: oci-archive)
and what "docker load" reads. The file appears whole or not at all; a pipe or a device
is written into. IMAGE is a name, with its tag if there are several, or the end of one
after a slash, if no other has it; in the tar it has its whole name.`,
		Example: `  slipway save registry.example/app:1.0 -o app.tar
  slipway save registry.example/app:1.0 | docker load`,
		Args: atLeast("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := func(w io.Writer) error {
				s, err := a.open(nil)
				if err != nil {
					return err
				}
				return s.Save(cmd.Context(), w, args...)
			}
			if output != "" && output != "-" {
				return writeFile(output, write)
			}
			if isTerminal(a.raw.Out) {
				return usageError(cmd, errors.New("cannot write a tar to the terminal; name a file with -o"))
			}
			return write(a.raw.Out)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of the standard output")
	return cmd
}
