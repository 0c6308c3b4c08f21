package journal

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
)

// Path is where the journal of the folder with the blobs is.
func Path(folder string) string { return filepath.Join(folder, "images.journal") }

// pinPrefix is what the name of a pin begins with. No reference holds a blank.
const pinPrefix = "pin "

// Pin is the name of the pin that belongs to an image's name. It is given and removed as any other; List
// leaves it out.
func Pin(name string) string { return pinPrefix + name }

// ours marks records of the database that were written together with a line of the journal: it holds their
// own name and digest. Older Slipways know no journal: they leave the label out, or copy another's.
const ours = "slipway.io/journal"

// Names is containerd's image store with a journal. The labels of its images are the marks of what they
// stand for. It is safe for concurrent use.
type Names struct {
	folder string
	db     images.Store
	blobs  content.Store

	// mu is held for writing while the database and the journal may differ, which no garbage collection
	// must see.
	mu     sync.RWMutex
	file   *file
	state  *state
	sealed error // nothing can be written any more

	ours   bool   // the database has names that were in a journal
	mended string // what Open found
}

// Mended says what Open found damaged or lost, as a warning for people; empty is nothing.
func (n *Names) Mended() string { return n.mended }

var _ images.Store = (*Names)(nil)

// Open reads the journal beside the blobs, which lie below content/ in the folder, and makes the database right: names
// that it lacks are added, with the content that is on the disk, and what it has else is right. What an
// older Slipway wrote into the database alone is taken over. The caller holds the root's lock.
func Open(ctx context.Context, folder string, db images.Store, blobs content.Store) (*Names, error) {
	n := &Names{folder: folder, db: db, blobs: blobs}
	if err := n.open(ctx, Path(folder)); err != nil {
		return nil, err
	}
	return n, nil
}

// Close closes the journal. Changes are refused afterwards.
func (n *Names) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sealed != nil {
		return nil
	}
	n.sealed = errors.New("cannot change images: the store is closed")
	return n.file.close()
}

// Collecting calls f, a garbage collection, while no name is on its way.
func (n *Names) Collecting(f func() error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return f()
}

// Get implements images.Store.
func (n *Names) Get(ctx context.Context, name string) (images.Image, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	img, err := n.db.Get(ctx, name)
	if err != nil {
		return img, err
	}
	return n.marked(img), nil
}

// List implements images.Store.
func (n *Names) List(ctx context.Context, filters ...string) ([]images.Image, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	list, err := n.db.List(ctx, filters...)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(img images.Image) bool { return strings.HasPrefix(img.Name, pinPrefix) })
	for i := range list {
		list[i] = n.marked(list[i])
	}
	return list, nil
}

func (n *Names) marked(img images.Image) images.Image {
	img.Labels = maps.Clone(n.state.marks[img.Target.Digest.String()])
	return img
}

// Create implements images.Store. Labels, if there are any, become the marks of the target.
func (n *Names) Create(ctx context.Context, img images.Image) (images.Image, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sealed != nil {
		return images.Image{}, n.sealed
	}
	created, err := n.db.Create(ctx, record(img))
	if err != nil {
		return created, err
	}
	c := Change{Name: img.Name, Target: &img.Target}
	if len(img.Labels) > 0 {
		c.Digest, c.Marks = img.Target.Digest.String(), img.Labels
	}
	if err := n.write(c); err != nil {
		return images.Image{}, errors.Join(err, n.db.Delete(context.WithoutCancel(ctx), img.Name))
	}
	return n.marked(created), nil
}

// Update implements images.Store, for the field paths "target" and "labels", and for none, which means
// both. Without labels the marks of the target stay.
func (n *Names) Update(ctx context.Context, img images.Image, fieldpaths ...string) (images.Image, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sealed != nil {
		return images.Image{}, n.sealed
	}
	old, err := n.db.Get(ctx, img.Name)
	if err != nil {
		return old, err
	}
	if len(fieldpaths) > 0 && !slices.Contains(fieldpaths, "target") {
		img.Target = old.Target
	}
	labels := slices.Contains(fieldpaths, "labels") || len(fieldpaths) == 0 && len(img.Labels) > 0
	updated, err := n.db.Update(ctx, record(img))
	if err != nil {
		return updated, err
	}
	before, after := old.Target.Digest.String(), img.Target.Digest.String()
	var changes []Change // the name's last: with it the others count
	if labels {
		changes = append(changes, Change{Digest: after, Marks: img.Labels})
	}
	if before != after {
		c := n.leaving(img.Name, before)
		c.Target = &img.Target
		changes = append(changes, c)
	}
	for _, c := range changes {
		if err := n.write(c); err != nil {
			_, undo := n.db.Update(context.WithoutCancel(ctx), record(old))
			return images.Image{}, errors.Join(err, undo)
		}
	}
	return n.marked(updated), nil
}

// Delete implements images.Store.
func (n *Names) Delete(ctx context.Context, name string, opts ...images.DeleteOpt) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sealed != nil {
		return n.sealed
	}
	old, err := n.db.Get(ctx, name)
	if err != nil {
		return err
	}
	if err := n.db.Delete(ctx, name, opts...); err != nil {
		return err
	}
	if err := n.write(n.leaving(name, old.Target.Digest.String())); err != nil {
		_, undo := n.db.Create(context.WithoutCancel(ctx), record(old))
		return errors.Join(err, undo)
	}
	return nil
}

// leaving is the change by which a name stands for the digest no more. Marks go with the last name.
func (n *Names) leaving(name, digest string) Change {
	c := Change{Name: name}
	if !n.state.held(digest, name) {
		c.Digest = digest
	}
	return c
}

// record is an image as the database has it.
func record(img images.Image) images.Image {
	img.Labels = map[string]string{ours: signed(img)}
	return img
}

func signed(img images.Image) string {
	return digest.FromString(img.Name + " " + img.Target.Digest.String()).Encoded()
}

func (n *Names) write(c Change) error {
	if err := n.file.append(c); err != nil {
		return err
	}
	n.state.apply(c)
	return nil
}

// Read returns the images that the journal in the folder names, with their marks as labels, as Names
// lists them. No lock is needed, whoever writes meanwhile. There is no journal yet if known is false.
func Read(folder string) (list []images.Image, known bool, err error) {
	p, exists, err := readFile(Path(folder))
	if err != nil || !exists || p.whole == 0 {
		return nil, false, err
	}
	for name, target := range p.state.names {
		if !strings.HasPrefix(name, pinPrefix) {
			list = append(list, images.Image{Name: name, Target: target, Labels: p.state.marks[target.Digest.String()]})
		}
	}
	slices.SortFunc(list, func(a, b images.Image) int { return cmp.Compare(a.Name, b.Name) })
	return list, true, nil
}
