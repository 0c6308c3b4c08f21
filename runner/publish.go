package runner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/runner/publishing"
)

// Remote is where good images go, and where published ones come from.
type Remote interface {
	// Fetch brings an image into the store under its reference. It is the one with the manifest's
	// digest, whatever the tag names meanwhile.
	Fetch(ctx context.Context, ref string, digest digests.Manifest, p publishing.Progress) error
	// Publish sends an image of the store. It may be called for several images at once.
	Publish(ctx context.Context, p publishing.Publication) (publishing.Published, error)
	// Digests asks which manifests references name now; what is not there is left out.
	Digests(ctx context.Context, refs []string) (map[string]digests.Manifest, error)
}

// publication is one image's way to the registry. What it says holds when done is closed.
type publication struct {
	done   chan struct{}
	digest digests.Manifest // of the manifest at the registry; empty when it is not there
	was    digests.Manifest // what that was in the store before it was published
	causes []string         // references of the images whose failure keeps it from being there; sorted
}

// transfers is how many images are published at once.
const transfers = 4

// publisher publishes images when they are good, and those that they are made from are published.
type publisher struct {
	run    *run
	of     map[*plan.Step]*publication
	places chan struct{}
	group  sync.WaitGroup
}

func newPublisher(r *run, steps []*plan.Step) *publisher {
	p := &publisher{run: r, of: make(map[*plan.Step]*publication, len(steps)), places: make(chan struct{}, transfers)}
	for _, s := range steps {
		p.of[s] = &publication{done: make(chan struct{})}
		if !s.Publish || !s.Replace { // else others are made from what replaces it
			p.of[s].digest = s.Digest
		}
	}
	return p
}

// settle is called once for every step, when it has its outcome.
func (p *publisher) settle(ctx context.Context, s *plan.Step) {
	pub := p.of[s]
	res := p.run.result(s)
	switch {
	case s.Publish && res.Outcome.Good():
		p.group.Go(func() {
			defer close(pub.done)
			p.publish(ctx, s, pub, res)
		})
		return
	case res.Outcome == event.NotBuilt && len(res.Causes) > 0:
		pub.causes = res.Causes
	case pub.digest == "":
		pub.causes = []string{s.Image.Ref}
	}
	close(pub.done)
}

// publish waits for the images that this one is made from.
func (p *publisher) publish(ctx context.Context, s *plan.Step, pub *publication, res result) {
	r := p.run
	var causes []string
	parents := map[string]*publication{} // by reference
	for _, need := range s.Needs {
		if !slices.Contains(s.Image.Used(), need.Image) {
			continue
		}
		parent := p.of[need]
		<-parent.done
		parents[need.Image.Ref] = parent
		if parent.digest == "" {
			causes = union(causes, parent.causes)
		}
	}
	var err error
	var done publishing.Published
	if len(causes) == 0 {
		if err = p.checkBasis(s, res, parents); err == nil {
			done, err = p.send(ctx, s, res, parents)
		}
	}
	switch {
	case len(causes) > 0:
		pub.causes = causes
		r.published(s, event.Result{Publishing: event.PublishBlocked, PublishCauses: causes})
		r.emit(event.Event{Kind: event.Unpublished, Image: s.Image.Ref, Platform: platformOf(s.Image), Causes: causes})
	case err != nil:
		pub.causes = []string{s.Image.Ref}
		r.unpublished(s, err)
	default:
		pub.digest, pub.was = done.Digest, done.Was
		r.published(s, event.Result{Publishing: event.PublishDone, PublishDigest: done.Digest})
		r.emit(event.Event{Kind: event.WasPublished, Image: s.Image.Ref, Platform: platformOf(s.Image), Digest: done.Digest, Refs: done.Moved, Bytes: done.Bytes})
		if done.Note != "" {
			r.emit(event.Event{Kind: event.Warning, Image: s.Image.Ref, Platform: platformOf(s.Image), Text: done.Note})
		}
	}
}

func (p *publisher) send(ctx context.Context, s *plan.Step, res result, parents map[string]*publication) (publishing.Published, error) {
	basis := map[string]digests.Manifest{}
	for ref, parent := range parents {
		basis[ref] = parent.digest
	}
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	case <-ctx.Done():
	}
	if p.run.enough.Load() {
		return publishing.Published{}, fmt.Errorf("cannot publish %s: another image failed before, and --fail-fast is given", s.Image.Ref)
	}
	if ctx.Err() != nil {
		return publishing.Published{}, interrupted(s)
	}
	p.run.emit(event.Event{Kind: event.PublishBegan, Image: s.Image.Ref, Platform: platformOf(s.Image)})
	done, err := p.run.Remote.Publish(ctx, publishing.Publication{
		Image: s.Image, Digest: res.Digest, There: s.Digest, Replace: s.Replace, Siblings: slices.Sorted(maps.Keys(basis)), Basis: basis,
		Progress: p.run.progress(s.Image.Ref),
	})
	if err != nil && ctx.Err() != nil {
		err = interrupted(s)
	}
	return done, err
}

func interrupted(s *plan.Step) error {
	return problem.With(fmt.Errorf("cannot publish %s: the run was interrupted", s.Image.Ref), "the next run goes on with it")
}

// checkBasis refuses an image that is made of other images than are published, or of nobody knows
// what.
func (p *publisher) checkBasis(s *plan.Step, res result, parents map[string]*publication) error {
	if res.unsure {
		return problem.With(fmt.Errorf("%s: cannot publish %s: its files changed while it was built", p.run.Fleet.Path(s.Image, ""), s.Image.Ref), "run the build again")
	}
	for _, ref := range slices.Sorted(maps.Keys(parents)) {
		on, known := res.basis[ref]
		if parent := parents[ref]; known && on != parent.digest && on != parent.was {
			return problem.With(fmt.Errorf("%s: cannot publish %s: it is built on %s as the store had it (%s), but the registry has %s", p.run.Fleet.Path(s.Image, ""), s.Image.Ref, ref, on, parent.digest), "run the build again")
		}
	}
	return nil
}

// wait returns when everything is published, or is not going to be. Then it looks once more: registries
// cannot refuse to move a tag that another machine has moved a moment ago.
func (p *publisher) wait(ctx context.Context, steps []*plan.Step) {
	p.group.Wait()
	r := p.run
	var refs []string
	for _, s := range steps {
		if r.result(s).Publishing == event.PublishDone {
			refs = append(refs, s.Image.Ref)
		}
	}
	if len(refs) == 0 || ctx.Err() != nil {
		return
	}
	now, err := r.Remote.Digests(ctx, refs)
	if err != nil {
		r.emit(event.Event{Kind: event.Warning, Text: "what was published could not be looked at again: " + r.Secrets.Error(err).Error()})
		return
	}
	for _, s := range steps {
		ref := s.Image.Ref
		if mine := p.of[s].digest; slices.Contains(refs, ref) && now[ref] != mine {
			r.unpublished(s, problem.With(fmt.Errorf("%s: another machine has published %s at the same time, and replaced this one (%s → %s)", r.Fleet.Path(s.Image, ""), ref, mine, cmp.Or(now[ref], "nothing")), "let one machine publish a fleet; `slipway plan` says what is different"))
		}
	}
}

// unpublished records why an image could not be published.
func (r *run) unpublished(s *plan.Step, err error) {
	err = r.Secrets.Error(err)
	r.published(s, event.Result{Publishing: event.PublishFailed, PublishErr: err})
	r.emit(event.Event{Kind: event.Unpublished, Image: s.Image.Ref, Platform: platformOf(s.Image), Text: err.Error()})
	if r.FailFast {
		r.enough.Store(true)
	}
}

func (r *run) result(s *plan.Step) result {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results[s]
}

// published adds how publishing went to a step's result.
func (r *run) published(s *plan.Step, how event.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := r.results[s]
	res.Publishing, res.PublishErr, res.PublishDigest, res.PublishCauses = how.Publishing, how.PublishErr, how.PublishDigest, how.PublishCauses
	r.results[s] = res
}

// progress turns a transfer's progress into events, some in a second.
func (r *run) progress(ref string) publishing.Progress {
	const pause = 200 * time.Millisecond
	last := time.Now()
	return func(done, total int64) {
		if now := time.Now(); now.Sub(last) >= pause {
			last = now
			r.emit(event.Event{Kind: event.Transfer, Image: ref, Bytes: done, Total: total})
		}
	}
}

// fetch brings a published image into the store.
func (r *run) fetch(ctx context.Context, s *plan.Step) event.Outcome {
	r.emit(event.Event{Kind: event.FetchBegan, Image: s.Image.Ref, Platform: platformOf(s.Image)})
	err := r.Remote.Fetch(ctx, s.Image.Ref, s.Digest, r.progress(s.Image.Ref))
	switch {
	case err == nil:
		r.recordFetched(ctx, s)
		r.emit(event.Event{Kind: event.Fetched, Image: s.Image.Ref, Platform: platformOf(s.Image), Digest: s.Digest})
		return r.finish(s, event.Result{Outcome: event.WasFetched, Digest: s.Digest})
	case ctx.Err() != nil:
		r.cancelled(s)
		return event.Interrupt
	}
	err = r.Secrets.Error(err)
	r.emit(event.Event{Kind: event.Unfetched, Image: s.Image.Ref, Platform: platformOf(s.Image), Text: err.Error()})
	return r.failed(s, event.Result{Err: err})
}

// bases are the base images from elsewhere that were fetched: each when the first image is built on it.
type bases struct {
	mu   sync.Mutex
	done map[string]*fetched
}

type fetched struct {
	sync.Mutex
	good bool
}

// refresh fetches the base images from elsewhere that the plan says are newer there.
func (r *run) refresh(ctx context.Context, img *fleet.Image) error {
	for _, ref := range img.Elsewhere() {
		digest, newer := r.plan.Refresh[ref]
		if !newer {
			continue
		}
		if err := r.refreshOnce(ctx, ref, digest); err != nil {
			return fmt.Errorf("%s: cannot build %s:%s: %w", r.Fleet.Path(img, ""), img.Name, img.Tag, err)
		}
	}
	return nil
}

func (r *run) refreshOnce(ctx context.Context, ref string, digest digests.Manifest) error {
	r.bases.mu.Lock()
	if r.bases.done == nil {
		r.bases.done = map[string]*fetched{}
	}
	f := r.bases.done[ref]
	if f == nil {
		f = &fetched{}
		r.bases.done[ref] = f
	}
	r.bases.mu.Unlock()
	f.Lock()
	defer f.Unlock()
	if f.good {
		return nil
	}
	r.emit(event.Event{Kind: event.FetchBegan, Image: ref})
	if err := r.Remote.Fetch(ctx, ref, digest, r.progress(ref)); err != nil {
		r.emit(event.Event{Kind: event.Unfetched, Image: ref, Text: r.Secrets.Error(err).Error()})
		return err
	}
	f.good = true
	r.emit(event.Event{Kind: event.Fetched, Image: ref, Digest: digest})
	return nil
}
