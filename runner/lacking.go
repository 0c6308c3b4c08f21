package runner

import (
	"context"
	"fmt"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/problem"
)

// whole is the engine for a job: it says why the job gave up in the words of the job, not of BuildKit's
// answer to that.
type whole struct{ job *job }

func (w whole) Build(ctx context.Context, r engine.Request) (engine.Result, error) {
	res, err := w.job.run.Engine.Build(ctx, r)
	if err != nil && w.job.lacking != nil {
		return engine.Result{}, w.job.lacking
	}
	return res, err
}

// lacks is why the image must not be built, now that it is known what the build takes of its context. Of
// a folder, where nothing is fetched, pointers of git-lfs are only told of.
func (j *job) lacks(files *buildcontext.Tree) error {
	err := j.run.Fleet.Lacking(j.image, files, j.followed)
	j.run.Fleet.Settled(j.image, err == nil)
	if err != nil {
		return err
	}
	if err := j.takesSecret(files); err != nil {
		return err
	}
	if j.pointed {
		return nil
	}
	found, err := j.run.Fleet.PointersIn(j.image, files, j.followed)
	if err != nil || len(found) == 0 {
		return nil // a record that cannot be read is told of where it is written
	}
	j.pointed = true
	text := found[0] + ": it is a pointer of git-lfs, not the file, and goes into the build of " + j.image.Name + " as it is"
	if more := len(found) - 1; more > 0 {
		text += fmt.Sprintf(", and so do %d more", more)
	}
	j.run.emit(event.Event{Kind: event.Warning, Image: j.image.Ref, Platform: platformOf(j.image), Text: problem.Text(text, fleet.PointerHint)})
	return nil
}
