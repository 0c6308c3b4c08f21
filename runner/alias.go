package runner

import (
	"context"
)

// nameParents lets the other references by which the Dockerfile names the fleet's images stand for those
// that this one is built on: a parent that was fetched has its own name only, and anybody may have moved
// a further tag in the store.
func (j *job) nameParents(ctx context.Context) error {
	for _, a := range j.image.Aliases {
		if a.Rewritten {
			continue
		}
		named, err := j.run.Store.Look(ctx, a.Ref)
		if err == nil && named.Digest == j.basis[a.Image.Ref] {
			continue
		}
		if err := j.run.Store.Tag(ctx, a.Image.Ref, a.Ref); err != nil {
			return err
		}
	}
	return nil
}
