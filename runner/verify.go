package runner

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/store"
)

// retest tests an image that need not be built again, if its test is another than the one it passed.
func (j *job) retest(ctx context.Context) (event.Outcome, error) {
	stored, err := j.run.Store.Look(ctx, j.image.Ref)
	if err != nil {
		return event.BuildError, err
	}
	now, err := j.run.Test.TestOf(j.image).Digest(j.imageDir())
	if err != nil {
		return event.BuildError, err
	}
	if now == "" || now == stored.Test {
		return event.Unchanged, j.tag(ctx)
	}
	j.retested = true
	if err := j.test(ctx); err != nil {
		return event.Tested, err
	}
	return event.Tested, j.tag(ctx)
}

// test runs the image's test. An image that fails it loses its name, to the good one that had it
// before, if any: nothing may be built on it, and the next run builds it again.
func (j *job) test(ctx context.Context) error {
	ref := j.image.Ref
	test := j.run.Test.TestOf(j.image)
	digest, err := test.Digest(j.imageDir())
	if err != nil {
		return err
	}
	if digest == "" {
		j.tested = store.TestNone
		return j.run.Store.Accept(ctx, ref, store.TestNone, "")
	}
	j.run.testing.Lock()
	defer j.run.testing.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	box, err := j.run.Sandbox.Open(ctx)
	if err != nil {
		return err
	}
	defer box.Close()
	j.run.emit(event.Event{Kind: event.Testing, Image: ref, Platform: platformOf(j.image)})
	j.flush()
	j.testing, j.tail = true, tail{} // what the build printed does not explain a failed test
	err = box.Run(ctx, test.Test, j.imageDir(), ref, &lineWriter{job: j, step: "test"})
	if err == nil {
		j.tested = store.TestPassed
		return j.run.Store.Accept(ctx, ref, store.TestPassed, digest)
	}
	if ctx.Err() != nil {
		return err
	}
	err = fmt.Errorf("%s: test of %s:%s failed: %w", j.run.Fleet.Path(j.image, ""), j.image.Name, j.image.Tag, err)
	return errors.Join(err, j.reject(ctx))
}

// reject takes the name from an image that failed its test. One that was built by an earlier run, and is
// the only one, keeps it: its content is not in doubt, and the next run tests it again.
func (j *job) reject(ctx context.Context) error {
	ref := j.image.Ref
	if j.step.Action == plan.Test || j.retested {
		if pinned, err := j.run.Store.Pinned(ctx, ref); err != nil || !pinned {
			return errors.Join(err, j.run.Store.MarkTested(ctx, ref, "", ""))
		}
	}
	return j.run.Store.GiveBack(ctx, ref)
}

func (j *job) imageDir() string {
	return j.run.Fleet.Folder(j.image)
}
