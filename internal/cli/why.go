package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

// showWhy prints an image's reasons and, below them, those of the images that they are about.
func showWhy(out io.Writer, f *fleet.Fleet, p *plan.Plan, s *plan.Step) error {
	w := &whyWriter{out: out, fleet: f, plan: p, seen: map[*plan.Step]bool{}}
	w.step(s, "")
	return w.err
}

type whyWriter struct {
	out   io.Writer
	fleet *fleet.Fleet
	plan  *plan.Plan
	seen  map[*plan.Step]bool
	err   error
}

func (w *whyWriter) line(format string, args ...any) {
	if _, err := fmt.Fprintf(w.out, format+"\n", args...); w.err == nil {
		w.err = err
	}
}

func (w *whyWriter) step(s *plan.Step, indent string) {
	w.line("%s%s (%s): %s", indent, s.Title(), w.fleet.Path(s.Image, ""), s.Action)
	if w.seen[s] {
		w.line("%s  as above", indent)
		return
	}
	w.seen[s] = true
	for _, r := range w.plan.Said(s) {
		w.line("%s- %s", indent, firstLine(r.Text))
	}
	for _, need := range s.Needs {
		if s.Action != plan.UpToDate && s.Action != plan.Skip && need.Action != plan.UpToDate && need.Action != plan.Skip {
			w.step(need, indent+"    ")
		}
	}
}

// mostCounted is how many files --why lists.
const mostCounted = 200

// showCounted lists what an image is made from: a change of anything else changes nothing.
func (a *app) showCounted(ctx context.Context, p *slipway.Planned, img *fleet.Image) error {
	if img.Err != nil {
		return nil
	}
	made, err := p.MadeFrom(ctx, img)
	w := &whyWriter{out: a.Out}
	w.line("")
	w.line("what it is made from:")
	w.line("  the instructions of its Dockerfile")
	for _, name := range made.Args {
		w.line("  build argument %s", name)
	}
	for _, parent := range made.Parents {
		w.line("  image %s", parent)
	}
	switch folder := p.Fleet.Path(img, ""); {
	case made.Commit != "":
		w.line("  commit %s of %s", made.Commit, made.Repository)
		return w.err
	case !made.Known:
		w.line("  all files of %s: no build has noted yet which ones it takes", folder)
		return w.err
	case made.Whole:
		w.line("  all files of %s, for an instruction takes the whole folder", folder)
		w.line("hint: %s", plan.IgnoreHint(p.Fleet, img))
		return w.err
	case err != nil:
		return err
	}
	for i, name := range made.Files {
		if i == mostCounted {
			w.line("  %d more files", len(made.Files)-i)
			break
		}
		w.line("  %s", p.Fleet.Path(img, name))
	}
	return w.err
}
