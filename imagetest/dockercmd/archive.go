package dockercmd

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/slipway-build/slipway/problem"
)

// archive writes what the server sends to a file, or to the output if that is no terminal.
func (a *app) archive(content io.ReadCloser, file string) (err error) {
	defer content.Close()
	if file == "" {
		if isTerminal(a.Out) {
			return problem.New("cowardly refusing to write an archive to a terminal", "use -o FILE, or redirect the output")
		}
		_, err = io.Copy(a.Out, content)
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("cannot write archive: %w", err)
	}
	_, err = io.Copy(out, content)
	if err := errors.Join(err, out.Close()); err != nil {
		return errors.Join(fmt.Errorf("cannot write archive %s: %w", file, err), os.Remove(file))
	}
	return nil
}
