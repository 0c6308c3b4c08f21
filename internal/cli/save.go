package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/store"
)

func (a *app) saveCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "save [flags] IMAGE...",
		Short: "Write images to a tar file",
		Long: `Writes images as one tar that is both an OCI image layout (skopeo: oci-archive)
and what "docker load" reads. The file appears whole or not at all.`,
		Example: `  slipway save registry.example/app:1.0 -o app.tar
  slipway save registry.example/app:1.0 | docker load`,
		Args: atLeast("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := func(w io.Writer) error {
				return a.withStore(cmd.Context(), func(s *store.Store) error { return s.Save(cmd.Context(), w, args...) })
			}
			if output != "" && output != "-" {
				return writeFile(output, write)
			}
			if isTerminal(a.Out) {
				return usageError(cmd, errors.New("cannot write a tar to the terminal; name a file with -o"))
			}
			return write(a.Out)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of the standard output")
	return cmd
}

// writeFile makes path appear whole: write beside it, sync, rename.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}
