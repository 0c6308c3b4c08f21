package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/problem"
)

func (a *app) checkCommand() *cobra.Command {
	var read, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Verify the local images",
		Long: `Looks whether the manifests, configurations and layers of all local images are there, in
their whole length, and whether the folders of unpacked layers are; says what a build or a
pull would mend. A running build is not disturbed: while it holds them, unpacked layers are
not looked at.

With --read every byte of the store is read. Content that is not what its digest says is of no
use: it is set aside, below damaged/ in the folder of images, so that the next build of
the image, or a pull, writes it again. "slipway prune --cache" removes what was set aside.
The files of each unpacked layer are compared with the layer; when one differs, all unpacked
layers are given up, and with them the build cache. The images stay.

The exit code is 1 when something is damaged.`,
		Example: `  slipway check
  slipway check --read`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.open(nil)
			if err != nil {
				return err
			}
			o, finish := slipway.CheckOptions{Read: read}, func() {}
			if read {
				o.Progress, finish = a.readProgress()
			}
			found, err := s.Check(cmd.Context(), o)
			finish()
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(a.Out, found)
			} else {
				err = a.printVerification(found, read)
			}
			if found.Killed {
				fmt.Fprintln(a.Err, "note: a process that had the folder was killed; the next build takes away what it left: mounts, containers, and in memory the secrets of their steps")
			}
			if err == nil && !found.Sound() {
				err = &exitError{code: exitFailed}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&read, "read", false, "read all content, and set aside what is not what its digest says")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printVerification(v slipway.Soundness, read bool) error {
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
	for _, f := range v.Unpacked.Faults {
		if _, err := fmt.Fprintf(a.Out, "unpacked layer %s: %s\n", f.Folder, f.Problem); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(a.Out, a.typed.complete(summary(v, read, len(damaged))))
	return err
}

// summary is one line, and a hint when something is to be done.
func summary(v slipway.Soundness, read bool, damaged int) string {
	text := fmt.Sprintf("images: %d, blobs: %d", v.Images, v.Blobs)
	if v.Unpacked.InUse {
		text += ", unpacked layers: not looked at, another slipway uses them"
	} else {
		text += fmt.Sprintf(", unpacked layers: %d", v.Unpacked.Snapshots)
	}
	if read {
		text += ", read: " + size(v.Bytes)
	}
	text += "; "
	switch {
	case damaged > 0:
		text = problem.Text(text+fmt.Sprintf("images that are damaged: %d", damaged),
			"the next build of the fleet makes them again; `slipway pull IMAGE` fetches one that is published, `slipway rmi IMAGE` removes one")
	case len(v.Faults) > 0:
		text = problem.Text(text+"the images are whole", "what is damaged of the build cache is made again when a build needs it")
	case len(v.Unpacked.Faults) > 0:
		text += "the images are whole"
	default:
		return text + "all is well"
	}
	switch {
	case len(v.Unpacked.Faults) == 0:
		return text
	case v.Unpacked.Aside || !read:
		return problem.Text(text, "the next command that needs unpacked layers makes all of them again")
	}
	return problem.Text(text, "`slipway check --read` gives the unpacked layers up when no other slipway uses them")
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
