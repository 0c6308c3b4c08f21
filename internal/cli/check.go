package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/store"
)

func (a *app) checkCommand() *cobra.Command {
	var read, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Verify the local images",
		Long: `Looks whether the manifests, configurations and layers of all local images are there, in
their whole length, and says what a build or a pull would mend. A running build is not disturbed.

With --read every byte of the store is read. Content that is not what its digest says is of no
use: it is set aside, below damaged/ in the folder of images, so that the next build of
the image, or a pull, writes it again. "slipway prune --cache" removes what was set aside.

The exit code is 1 when something is damaged.`,
		Example: `  slipway check
  slipway check --read`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := a.engineRoot()
			if err != nil {
				return err
			}
			if missing(root) {
				a.noteEmpty()
			}
			var progress func(done, total int64)
			finish := func() {}
			if read {
				progress, finish = a.readProgress()
			}
			v, err := localStore(root).Verify(cmd.Context(), progress)
			finish()
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(a.Out, v)
			} else {
				err = a.printVerification(v, read)
			}
			if embedded.Killed(root) {
				fmt.Fprintln(a.Err, "note: a process that had the folder was killed; the next build takes away what it left: mounts, containers, and in memory the secrets of their steps")
			}
			if err == nil && len(v.Faults) > 0 {
				err = &exitError{code: ExitFailed}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&read, "read", false, "read all content, and set aside what is not what its digest says")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// forgetDamaged removes what was set aside.
func (a *app) forgetDamaged() error {
	root, err := a.engineRoot()
	if err == nil {
		err = localStore(root).ForgetDamaged()
	}
	return err
}

func (a *app) printVerification(v store.Verification, read bool) error {
	damaged := map[string]bool{}
	for _, f := range v.Faults {
		where := f.Image
		if where == "" {
			where = "the build cache"
		} else {
			damaged[f.Image] = true
		}
		line := fmt.Sprintf("%s: %s: %s", where, f.Digest, f.Problem)
		if f.Detail != "" {
			line += ": " + f.Detail
		}
		if f.Aside != "" {
			line += ", set aside as " + f.Aside
		}
		if _, err := fmt.Fprintln(a.Out, line); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("images: %d, blobs: %d", v.Images, v.Blobs)
	if read {
		text += ", read: " + size(v.Bytes)
	}
	text += "; "
	switch {
	case len(damaged) > 0:
		text += fmt.Sprintf("images that are damaged: %d\nhint: the next build of the fleet makes them again; `slipway pull IMAGE` fetches one that is published, `slipway rmi IMAGE` removes one", len(damaged))
	case len(v.Faults) > 0:
		text += "the images are whole\nhint: what is damaged of the build cache is made again when a build needs it"
	default:
		text += "all is well"
	}
	_, err := fmt.Fprintln(a.Out, text)
	return err
}

// readProgress shows on a terminal how much was read.
func (a *app) readProgress() (progress func(done, total int64), finish func()) {
	out, ok := a.Err.(*outlet.Writer)
	if !ok || !out.Terminal() {
		return func(int64, int64) {}, func() {}
	}
	tick := time.NewTicker(redrawEvery)
	progress = func(done, total int64) {
		select {
		case <-tick.C:
			_ = out.Control("\r\x1b[K")
			fmt.Fprintf(out, "reading: %s of %s", size(done), size(total))
		default:
		}
	}
	return progress, func() { tick.Stop(); _ = out.Control("\r\x1b[K") }
}
