package slipway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/registry"
)

const (
	// pruneSideBySide is how many images are pruned at a time.
	pruneSideBySide = 8
	// refusedRepositories is after how many that refuse a registry is not asked about others.
	refusedRepositories = 3
)

// registryPruner deletes what was decided, and keeps the score.
type registryPruner struct {
	client *registry.Client
	images []plan.PrunedImage
	told   func(ref string) // of each tag that is gone

	mu       sync.Mutex
	removed  map[string]bool // by repository@digest
	failures []*pruneFailure // of one kind each
	refused  int             // repositories
	stopped  bool            // nothing else can be expected
}

// pruneFailure is one error, and what it is about.
type pruneFailure struct {
	kind   error
	status int
	err    error
	first  string
	more   int
	last   bool // the others were not tried
}

func newRegistryPruner(client *registry.Client, images []plan.PrunedImage) *registryPruner {
	return &registryPruner{client: client, images: images, told: func(string) {}, removed: map[string]bool{}}
}

// run deletes in waves: what builds on an image is gone before the image is touched. The first image
// goes alone, so that a registry that does not delete at all is asked once.
func (p *registryPruner) run(ctx context.Context) error {
	images := slices.DeleteFunc(slices.Clone(p.images), func(img plan.PrunedImage) bool { return len(img.Remove) == 0 })
	if len(images) == 0 {
		return nil
	}
	p.image(ctx, images[0])
	for rest := images[1:]; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Wave == rest[0].Wave {
			n++
		}
		var group errgroup.Group
		group.SetLimit(pruneSideBySide)
		for _, img := range rest[:n] {
			group.Go(func() error { p.image(ctx, img); return nil })
		}
		_ = group.Wait() // failures are collected
		rest = rest[n:]
	}
	return p.err(ctx)
}

// image deletes one image's versions, the oldest first, until the repository refuses.
func (p *registryPruner) image(ctx context.Context, img plan.PrunedImage) {
	for _, r := range img.Remove {
		if ctx.Err() != nil || p.isStopped() {
			return
		}
		err := p.remove(ctx, img.Repository, r)
		if err == nil {
			p.done(img.Repository, r)
		} else if p.fail(img.Repository+":"+r.Tags[0], err) {
			return
		}
	}
}

// remove deletes a manifest and sees for itself that it is gone, and its tags.
func (p *registryPruner) remove(ctx context.Context, repository string, r plan.Removed) error {
	ref := repository + "@" + string(r.Digest)
	if err := p.client.Delete(ctx, ref); err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	refs := []string{ref}
	for _, tag := range r.Tags {
		refs = append(refs, repository+":"+tag)
	}
	// Some registries answer before they have done it.
	for pause := 100 * time.Millisecond; ; pause *= 4 {
		there, err := p.client.Digests(ctx, refs)
		if _, err = registry.SplitUnreadable(err); err != nil { // what was readable until now, and is refused, is gone
			return err
		}
		if !names(there, r.Digest) {
			return nil
		}
		if pause > 2*time.Second {
			return errStillThere
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errStillThere = problem.New("the registry says that it is deleted, but still has it", "see the registry's own rules about deleting")

// names tells whether any reference leads to the digest: a tag that names another image now was moved.
func names(refs map[string]digests.Manifest, digest digests.Manifest) bool {
	for _, d := range refs {
		if d == digest {
			return true
		}
	}
	return false
}

func (p *registryPruner) isStopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopped
}

func (p *registryPruner) done(repository string, r plan.Removed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removed[repository+"@"+string(r.Digest)] = true
	for _, tag := range r.Tags {
		p.told(repository + ":" + tag)
	}
}

// fail notes an error, each kind once, and tells whether to leave the repository alone. A registry
// that cannot delete, or is in trouble, is left alone altogether; what refuses one image may be a matter
// of rights, so others are tried.
func (p *registryPruner) fail(ref string, err error) (leave bool) {
	var e *registry.Error
	kind, status := err, 0
	if errors.As(err, &e) {
		kind, status = e.Kind, e.Status
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case errors.Is(err, registry.ErrUnsupported), errors.Is(err, context.Canceled), registry.Transient(err):
		p.stopped, leave = true, true
	case errors.Is(err, registry.ErrUnauthorized), status == http.StatusBadRequest:
		p.refused++
		p.stopped, leave = p.stopped || p.refused >= refusedRepositories && len(p.removed) == 0, true
	}
	for _, f := range p.failures {
		if f.kind == kind && f.status == status {
			f.more, f.last = f.more+1, p.stopped
			return leave
		}
	}
	p.failures = append(p.failures, &pruneFailure{kind: kind, status: status, err: err, first: ref, last: p.stopped})
	return leave
}

// err is one sentence for each kind of failure.
func (p *registryPruner) err(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var errs []error
	for _, f := range p.failures {
		what := f.first
		if f.more > 0 {
			what += fmt.Sprintf(" and %d more", f.more)
		}
		if f.last {
			what += " (the others were not tried)"
		}
		errs = append(errs, fmt.Errorf("cannot remove %s: %w", what, explained(f.err)))
	}
	return errors.Join(errs...)
}

// explained is a registry's error without the reference, with a hint for those who want to delete.
func explained(err error) error {
	var e *registry.Error
	if !errors.As(err, &e) {
		return err
	}
	said := *e
	switch {
	case e.Kind == registry.ErrUnauthorized:
		said.Hint = "the user needs the right to delete, which is often another than that to push; `slipway login " + e.Registry + "` keeps another user's"
	case e.Status == http.StatusBadRequest:
		said.Hint = "this registry may allow deleting only in its own way; docker-registry: REGISTRY_STORAGE_DELETE_ENABLED=true"
	}
	return &said
}
