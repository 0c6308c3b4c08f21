package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// open reads the journal, brings it and the database together, and leaves the file open.
func (n *Names) open(ctx context.Context, path string) error {
	p, exists, err := readFile(path)
	if err != nil {
		return err
	}
	n.state = p.state
	damaged := p.damaged > 0
	changed, err := n.takeOver(ctx, damaged)
	if err == nil {
		var more bool
		more, err = n.settle(ctx)
		changed = changed || more
	}
	if err != nil {
		return fmt.Errorf("cannot bring the images' names together: %w", err)
	}
	stale := n.state.lines > 2*(len(n.state.names)+len(n.state.marks))+slack
	if damaged { // for who wants to see what was lost
		if err := setAside(path, path+".damaged"); err != nil {
			return fmt.Errorf("cannot set the damaged %s aside: %w", path, err)
		}
		n.mended = fmt.Sprintf("%s was damaged and is in %s.damaged now: names of images may be missing, and what is known of their tests and inputs", path, filepath.Base(path))
	}
	if !damaged && p.whole == 0 && len(n.state.names) > 0 && n.ours {
		n.mended = fmt.Sprintf("%s was lost: the images have their names, but what is known of their tests and inputs is gone, and the next build makes them again", path)
	}
	if !exists || p.whole == 0 || changed || damaged || stale {
		if err := rewrite(path, n.state.changes()); err != nil {
			return err
		}
		if p, _, err = readFile(path); err != nil {
			return err
		}
		n.state = p.state
	}
	n.file, err = openFile(path, p)
	return err
}

// setAside gives the file a second name. The first stays until a new file has it: a process that is killed
// meanwhile leaves the damaged one, from which the names can be read again.
func setAside(path, aside string) error {
	if err := ignoreMissing(os.Remove(aside)); err != nil {
		return err
	}
	if os.Link(path, aside) == nil {
		return nil
	}
	return os.Rename(path, aside) // not all file systems have links
}

// takeOver takes names from the database that the journal does not know: an older Slipway wrote them,
// or this one was ended between the two. Where they differ the journal counts, unless it is damaged or
// an older Slipway was the last to write.
func (n *Names) takeOver(ctx context.Context, damaged bool) (changed bool, err error) {
	list, err := n.db.List(ctx)
	if err != nil {
		return false, err
	}
	for _, img := range list {
		target, known := n.state.names[img.Name]
		marks := marksOf(img.Labels)
		foreign := img.Labels[ours] != signed(img) || len(marks) > 0
		n.ours = n.ours || img.Labels[ours] != ""
		if foreign {
			if _, err := n.db.Update(ctx, record(img)); err != nil {
				return changed, err
			}
		}
		same := known && target.Digest == img.Target.Digest
		if known && !foreign && (same || !damaged) || same && len(marks) == 0 {
			continue
		}
		changed = true
		c := Change{Name: img.Name, Target: &img.Target}
		if len(marks) > 0 {
			c.Digest, c.Marks = img.Target.Digest.String(), marks
		}
		n.state.apply(c)
	}
	return changed, nil
}

// marksOf are the labels that older Slipways marked names with.
func marksOf(labels map[string]string) map[string]string {
	marks := map[string]string{}
	for k, v := range labels {
		if strings.HasPrefix(k, "slipway.io/") && k != ours {
			marks[k] = v
		}
	}
	return marks
}

// settle lets the database have all names of the journal. A name whose content is gone is dropped; a
// pin whose name needs it no more is, too.
func (n *Names) settle(ctx context.Context) (changed bool, err error) {
	for name, target := range n.state.names {
		img, err := n.db.Get(ctx, name)
		if err != nil && !errdefs.IsNotFound(err) {
			return changed, err
		}
		absent := err != nil
		err = nil
		switch {
		case strings.HasPrefix(name, pinPrefix) && !n.needed(name, target):
			changed = true
			n.state.apply(Change{Name: name})
			if !absent {
				err = n.db.Delete(ctx, name)
			}
		case absent:
			changed = true
			err = n.restore(ctx, name, target)
		case img.Target.Digest != target.Digest:
			changed = true
			err = n.turnBack(ctx, img, target)
		}
		if err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// needed tells whether a pin's name stands for something that has yet to prove good.
func (n *Names) needed(pin string, target ocispecs.Descriptor) bool {
	now, named := n.state.names[strings.TrimPrefix(pin, pinPrefix)]
	return named && now.Digest != target.Digest
}

// restore adds a name that the database has lost, if its content is still there. If not, the name
// goes back to the good image that is pinned under it.
func (n *Names) restore(ctx context.Context, name string, target ocispecs.Descriptor) error {
	whole, err := n.adopted(ctx, target)
	if err != nil {
		return err
	}
	if !whole {
		c := n.leaving(name, target.Digest.String())
		pinned, ok := n.state.names[Pin(name)]
		if ok {
			whole, err = n.adopted(ctx, pinned)
		}
		if whole {
			c.Target, target = &pinned, pinned
		}
		n.state.apply(c)
	}
	if err != nil || !whole {
		return err
	}
	_, err = n.db.Create(ctx, record(images.Image{Name: name, Target: target}))
	return err
}

// turnBack lets a record stand for what the journal has. If an older Slipway has collected that, what the
// database has stays.
func (n *Names) turnBack(ctx context.Context, img images.Image, target ocispecs.Descriptor) error {
	whole, err := n.adopted(ctx, target)
	if err != nil {
		return err
	}
	if !whole {
		c := n.leaving(img.Name, target.Digest.String())
		c.Target = &img.Target
		n.state.apply(c)
		return nil
	}
	img.Target = target
	_, err = n.db.Update(ctx, record(img))
	return err
}

// adopted tells whether all of an image is on the disk. The database knows of it then.
func (n *Names) adopted(ctx context.Context, target ocispecs.Descriptor) (whole bool, err error) {
	if err := adoptBlobs(ctx, n.blobs, target); err != nil {
		return false, err
	}
	missing, err := Missing(ctx, n.blobs, target)
	return len(missing) == 0, err
}

// adoptBlobs lets the database know of blobs that are on the disk: an image's manifest and all that it leads
// to. What is not on the disk is left out.
func adoptBlobs(ctx context.Context, blobs content.Store, target ocispecs.Descriptor) error {
	children := images.LimitManifests(images.ChildrenHandler(blobs), platforms.Default(), 1)
	handler := images.HandlerFunc(func(ctx context.Context, d ocispecs.Descriptor) ([]ocispecs.Descriptor, error) {
		there, err := adopt(ctx, blobs, d)
		if err != nil || !there {
			return nil, err
		}
		return children(ctx, d)
	})
	if err := images.Walk(ctx, images.SetChildrenLabels(blobs, handler), target); err != nil {
		return fmt.Errorf("cannot find the content of %s: %w", target.Digest, err)
	}
	return nil
}

// adopt takes one blob over. Containerd shares what is on the disk between its name spaces, so nothing
// is copied; writing it is refused when it is not there.
func adopt(ctx context.Context, blobs content.Store, d ocispecs.Descriptor) (there bool, err error) {
	if _, err := blobs.Info(ctx, d.Digest); err == nil {
		return true, nil
	} else if !errdefs.IsNotFound(err) {
		return false, err
	}
	ref := "adopt-" + d.Digest.String()
	w, err := blobs.Writer(ctx, content.WithRef(ref), content.WithDescriptor(d))
	if err != nil {
		return errdefs.IsAlreadyExists(err), ignoreExists(err)
	}
	status, err := w.Status()
	if err == nil && status.Offset != d.Size { // nothing is there to share
		return false, errors.Join(w.Close(), ignoreNotFound(blobs.Abort(ctx, ref)))
	}
	if err == nil {
		err = ignoreExists(w.Commit(ctx, d.Size, d.Digest))
	}
	return err == nil, errors.Join(err, w.Close())
}

func ignoreExists(err error) error {
	if errdefs.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func ignoreNotFound(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
