// Package updating replaces changelogs of a tree, all or none, while other processes read it or want to
// replace some, too.
//
// A tree is a folder with definitions, or the checkout that it is in. While it is updated it has a
// folder, Folder, whose flock(2) is held by the process that does it. Nobody else touches that. When the
// lock is free the process is dead, and whoever comes next puts back what it had written: the journal in
// the folder says what that is.
package updating

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"path/filepath"
	"time"

	"github.com/slipway-build/slipway/problem"
)

// Options are of Begin and Settle; all may be zero.
type Options struct {
	// Command is what others are told about who has the lock.
	Command string
	// Waiting is called once if a living update has to be waited for.
	Waiting func(Owner)
	// Undone is called for each update that was killed, after it was undone.
	Undone func(Undone)
	// Patience is for how long Settle waits for a living update; 0 is for as long as it takes.
	Patience time.Duration

	step func(string) // after each step that a kill could be the next to
}

func (o Options) say(u Undone) {
	if o.Undone != nil && u.Changelogs > 0 {
		o.Undone(u)
	}
}

// Update is the right to replace changelogs of a tree, until Close.
type Update struct {
	hold  *hold
	stuck bool // something could not be put back
}

// Begin takes the lock of the tree that the folder is in. It waits for living updates as long as ctx
// lasts, and undoes those that were killed.
func Begin(ctx context.Context, dir string, o Options) (*Update, error) {
	l, err := levelsOf(dir)
	if err != nil {
		return nil, err
	}
	p := patience{o: o}
	for {
		u, busy, err := begin(l, o)
		if err != nil || u != nil {
			return u, err
		}
		if err := p.wait(ctx, *busy); err != nil {
			return nil, fmt.Errorf("cannot wait for %s: %w", busy, err)
		}
	}
}

// begin takes the lock at the top of the checkout, or below where that cannot be written.
func begin(l levels, o Options) (_ *Update, busy *Owner, err error) {
	at := l.top
	var h *hold
	for ; ; at-- {
		h, busy, err = take(l.dirs[at], l.shown[at], true, o)
		if err == nil || !denied(err) || at == 0 {
			break
		}
	}
	if busy != nil {
		return nil, busy, nil
	}
	if err == nil {
		err = h.begin(o)
	}
	if err != nil {
		if h != nil {
			h.drop()
		}
		return nil, nil, failure(l.shown[at], "lock it for an update", err)
	}
	u := &Update{hold: h}
	for i := range l.dirs { // others may have rights that differ
		if i == at {
			continue
		}
		if busy, err = settle(l.dirs[i], l.shown[i], o); busy != nil || err != nil {
			return nil, busy, errors.Join(err, u.Close())
		}
	}
	return u, nil, nil
}

// begin makes the folder as new, whatever a dead owner left in it.
func (h *hold) begin(o Options) error {
	h.did("locked")
	undone, err := h.undo()
	if err != nil {
		return err
	}
	o.say(undone)
	if err := h.empty(); err != nil {
		return err
	}
	if err := h.sign(o.Command); err != nil {
		return cause(err)
	}
	h.did("signed")
	return nil
}

// failure is an error about the lock of a level.
func failure(shown, what string, err error) error {
	hint := "restore the changelogs from version control, then remove the folder"
	if denied(err) {
		hint = "run slipway as a user who may write there"
	}
	return problem.With(fmt.Errorf("%s: cannot %s: %w", path.Join(filepath.ToSlash(shown), Folder), what, err), hint)
}

// Sweep removes what an older Slipway's killed updates left beside changelogs, of the folders that are
// named: absolute paths below the tree.
func (u *Update) Sweep(folders []string) error {
	h := u.hold
	for _, dir := range folders {
		real, err := filepath.EvalSymlinks(dir)
		if err != nil {
			continue // the scan has said what is wrong with it
		}
		rel, err := filepath.Rel(h.root.Name(), real)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		list, err := fs.ReadDir(h.root.FS(), filepath.ToSlash(rel))
		if err != nil {
			continue
		}
		for _, e := range list {
			if !e.Type().IsRegular() || !numbered(e.Name(), besidePrefix) && !numbered(e.Name(), Folder+".") {
				continue
			}
			if err := h.root.Remove(filepath.Join(rel, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s: cannot remove what an interrupted update left: %w", filepath.Join(dir, e.Name()), cause(err))
			}
		}
	}
	return nil
}

// Close gives the lock back; nothing of it is left.
func (u *Update) Close() error {
	defer u.hold.drop()
	if u.stuck {
		return nil
	}
	if err := u.hold.remove(); err != nil {
		return failure(u.hold.shown, "remove the update's folder", err)
	}
	return nil
}

// patience waits for living updates, saying so once.
type patience struct {
	o     Options
	since time.Time
}

// errPatience means that the wait is over, and the update is not.
var errPatience = errors.New("it takes too long")

func (p *patience) wait(ctx context.Context, busy Owner) error {
	if p.since.IsZero() {
		p.since = time.Now()
		if p.o.Waiting != nil {
			p.o.Waiting(busy)
		}
	}
	if p.o.Patience > 0 && time.Since(p.since) > p.o.Patience {
		return errPatience
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(20*time.Millisecond + rand.N(20*time.Millisecond)):
		return nil
	}
}
