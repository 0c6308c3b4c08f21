package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/ref"
)

// Source opens what an image consists of: indexes, manifests, configurations and layers, by their
// descriptors. containerd's content store is one. What it gives is verified against the digests. An
// error that is containerd's NotFound says that the image is incomplete. Opened content is closed by
// the one who opened it, and read from one goroutine at a time, forward, perhaps more than once.
type Source = content.Provider

// PushOptions are for one push.
type PushOptions struct {
	// Siblings are repositories of the same registry (registry/name) that may have blobs of the image,
	// its parents' above all: blobs are mounted from there instead of sent.
	Siblings []string
	// Replace is asked before a tag that names another digest is moved: first before anything is sent,
	// and again at the last moment if the tag has changed meanwhile. An error refuses the whole push.
	// nil allows everything.
	Replace func(ref, digest string) error
	// Blind also sets tags of which the registry does not tell whether anything stands under them. Without it
	// a push that cannot find out is refused, if there is a Replace.
	Blind bool
	// Ready is asked when all is sent, before the tags are moved. An error refuses the push.
	Ready func(context.Context) error
	// Progress is told how far the push is, one call at a time; it must return quickly.
	Progress func(Progress)
}

// Progress is how many bytes of blobs are at their goal. Done may fall when a transfer starts anew.
type Progress struct{ Done, Total int64 }

// Pushed is what a push did.
type Pushed struct {
	Moved                  []string // the references that were made or moved; the others were right already
	Sent, Mounted, Present int      // blobs: sent, taken from a sibling, there before
	Bytes                  int64    // of the blobs sent
}

// Push publishes an image, an index or a single manifest, under references (tags). It sends only what
// the registry lacks: blobs first, then manifests by their digests, the tags last and in the order
// given, so that at every moment each tag names a whole image. References that have the digest
// already cost one request. After an error, which names the last reference, Pushed says which tags were
// moved before it.
func (c *Client) Push(ctx context.Context, image ocispecs.Descriptor, from Source, o PushOptions, refs ...string) (Pushed, error) {
	var done Pushed
	var places []place
	for _, ref := range refs {
		p, err := parse(ref)
		if err == nil && p.Digest() != "" {
			err = errors.New("it has a digest: push to a tag")
		}
		if err != nil {
			return done, about("push", plain(ref), err)
		}
		places = append(places, p)
	}
	for len(places) > 0 {
		first := places[0]
		same := func(p place) bool { return p.Repository() == first.Repository() }
		var tags, rest []place
		for _, p := range places {
			if same(p) {
				tags = append(tags, p)
			} else {
				rest = append(rest, p)
			}
		}
		ps := &pusher{h: c.host(first.Registry()), to: first.withDigest(""), from: from, o: o, done: &done}
		last := tags[len(tags)-1]
		if err := ps.run(ctx, image, tags); err != nil {
			return done, about("push", last, err)
		}
		places = rest
	}
	return done, nil
}

type plain string

func (p plain) String() string { return string(p) }

// pusher is a push to one repository.
type pusher struct {
	h        *host
	to       place // the repository
	from     Source
	o        PushOptions
	siblings []string
	unsure   map[string]error // tags that may not be read: nothing stands under them, or something of others
	lacking  map[string]bool  // of which the list of tags says that they are not there

	mu       sync.Mutex
	done     *Pushed
	progress Progress
}

type manifest struct {
	ocispecs.Descriptor
	data []byte
}

func (ps *pusher) run(ctx context.Context, image ocispecs.Descriptor, tags []place) error {
	if err := ps.h.connect(ctx); err != nil {
		return err
	}
	for _, s := range ps.o.Siblings {
		p, err := ref.ParseRepository(s)
		if err != nil {
			return err
		}
		if p.Registry() == ps.to.Registry() && p.Path() != ps.to.Path() && !slices.Contains(ps.siblings, p.Path()) {
			ps.siblings = append(ps.siblings, p.Path())
		}
	}
	has, err := ps.current(ctx, image.Digest, tags)
	if err == nil {
		err = ps.list(ctx, tags)
	}
	if err != nil {
		return err
	}
	tags = slices.DeleteFunc(tags, func(p place) bool { return has[p.Tag()] == image.Digest.String() })
	if len(tags) == 0 {
		return nil
	}
	root, err := ps.read(ctx, image)
	if err != nil {
		return err
	}
	there, _, _, err := ps.h.head(ctx, ps.to.withDigest(image.Digest.String()), "")
	// A manifest that the registry cannot look at, or refuses because it has none, is sent again.
	if err != nil && !errors.Is(err, ErrServer) && !(errors.Is(err, ErrUnauthorized) && len(ps.unsure) > 0) {
		return err
	}
	if there == "" {
		if err := ps.send(ctx, root); err != nil {
			return err
		}
	}
	return ps.move(ctx, root, tags, has)
}

// current asks what the tags are now, and whether they may be moved.
func (ps *pusher) current(ctx context.Context, image digest.Digest, tags []place) (map[string]string, error) {
	has := map[string]string{}
	for _, p := range tags {
		now, _, _, err := ps.h.head(ctx, p, "")
		if errors.Is(err, ErrUnauthorized) && ps.h.accepts(ctx, p.Path()) {
			ps.doubt(p, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		has[p.Tag()] = now
		if now != "" && now != image.String() && ps.o.Replace != nil {
			if err := ps.o.Replace(p.String(), now); err != nil {
				return nil, err
			}
		}
	}
	return has, nil
}

// move sets the tags, when all that they lead to is there.
func (ps *pusher) move(ctx context.Context, root manifest, tags []place, has map[string]string) error {
	names := make([]string, len(tags))
	for i, p := range tags {
		names[i] = p.String()
	}
	done, err := ps.h.c.changing(ctx, names...)
	if err != nil {
		return err
	}
	defer done()
	if ps.o.Ready != nil {
		if err := ps.o.Ready(ctx); err != nil {
			return err
		}
	}
	for _, p := range tags {
		moved, err := ps.moveOne(ctx, root, p, has[p.Tag()])
		if err != nil {
			return err
		}
		if moved {
			ps.done.Moved = append(ps.done.Moved, p.String())
		}
	}
	return nil
}

// moveOne sets a tag. Before each attempt it looks whether somebody else has moved it meanwhile: a
// request that is only repeated would undo that.
func (ps *pusher) moveOne(ctx context.Context, root manifest, p place, was string) (moved bool, err error) {
	for t := (turns{policy: ps.h.c.opts.Retry}); ; moved = true {
		if ps.o.Replace != nil || moved {
			now, err := ps.stands(ctx, p)
			if err != nil {
				return false, err
			}
			if now == root.Digest.String() {
				return moved, nil
			}
			if ps.o.Replace != nil && now != "" && now != was {
				if err := ps.o.Replace(p.String(), now); err != nil {
					return false, err
				}
			}
		}
		err := ps.h.put(once(ctx), p, root.MediaType, root.Digest, root.data)
		if lacksBlobs(err) { // the registry forgot blobs of a manifest that it has: garbage collection
			if err = ps.send(ctx, root); err == nil {
				err = ps.h.put(once(ctx), p, root.MediaType, root.Digest, root.data)
			}
		}
		if err == nil {
			return true, nil
		}
		if !t.next(ctx, err) {
			return false, about("set the tag", p, err)
		}
	}
}

// send brings all that an image consists of to the repository, the image's own manifest last.
func (ps *pusher) send(ctx context.Context, root manifest) error {
	manifests, blobs, err := ps.walk(ctx, root)
	if err != nil {
		return err
	}
	for _, b := range blobs {
		ps.progress.Total += b.Size
	}
	ps.advance(0)
	group, gctx := errgroup.WithContext(ctx)
	for _, b := range blobs {
		group.Go(func() error { return ps.blob(gctx, b) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, m := range manifests {
		if err := ps.h.put(ctx, ps.to.withDigest(m.Digest.String()), m.MediaType, m.Digest, m.data); err != nil {
			return fmt.Errorf("cannot send manifest %s: %w", m.Digest, err)
		}
	}
	return nil
}

// maxManifests bounds an index of indexes.
const maxManifests = 1000

// walk reads all manifests, children before parents, and collects the blobs that they name.
func (ps *pusher) walk(ctx context.Context, root manifest) (list []manifest, blobs []ocispecs.Descriptor, err error) {
	seen := map[digest.Digest]bool{}
	var visit func(m manifest) error
	visit = func(m manifest) error {
		if seen[m.Digest] {
			return nil
		}
		if seen[m.Digest] = true; len(seen) > maxManifests {
			return errors.New("it has too many manifests")
		}
		children, err := images.Children(ctx, ps.from, m.Descriptor)
		if err != nil {
			return fmt.Errorf("cannot read manifest %s: %w", m.Digest, err)
		}
		for _, d := range children {
			if images.IsManifestType(d.MediaType) || images.IsIndexType(d.MediaType) {
				child, err := ps.read(ctx, d)
				if err != nil {
					return err
				}
				if err := visit(child); err != nil {
					return err
				}
			} else if !seen[d.Digest] && !images.IsNonDistributable(d.MediaType) {
				seen[d.Digest] = true
				blobs = append(blobs, d)
			}
		}
		list = append(list, m)
		return nil
	}
	err = visit(root)
	return list, blobs, err
}

// read reads a manifest and verifies it.
func (ps *pusher) read(ctx context.Context, d ocispecs.Descriptor) (manifest, error) {
	if d.Size > maxManifest {
		return manifest{}, fmt.Errorf("manifest %s is larger than %d bytes", d.Digest, maxManifest)
	}
	data, err := content.ReadBlob(ctx, ps.from, d)
	if err != nil {
		return manifest{}, fmt.Errorf("cannot read manifest %s%s: %w", d.Digest, platformOf(d), err)
	}
	if !matches(d.Digest, data) {
		return manifest{}, ps.h.fail(ErrDigest, "the manifest %s in the store is damaged", d.Digest)
	}
	return manifest{d, data}, nil
}

func platformOf(d ocispecs.Descriptor) string {
	if d.Platform == nil {
		return ""
	}
	return fmt.Sprintf(" (%s/%s)", d.Platform.OS, d.Platform.Architecture)
}

func (ps *pusher) advance(n int64) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.progress.Done += n
	if ps.o.Progress != nil {
		ps.o.Progress(ps.progress)
	}
}

func (ps *pusher) count(what *int, bytes int64) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	*what++
	ps.done.Bytes += bytes
}
