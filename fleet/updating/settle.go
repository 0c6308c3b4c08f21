package updating

import (
	"context"
	"errors"
	"fmt"
)

// Watch tells whether an update was made since Settle.
type Watch struct {
	levels levels
	stamps []stamp
	// Running is who updates the tree, if it was not waited for any longer: it may be half read.
	Running *Owner
}

// Settle is for who wants to read a tree: it undoes updates that were killed and waits for living ones,
// as long as the options say. The error is that something could not be undone, or that ctx ended.
func Settle(ctx context.Context, dir string, o Options) (*Watch, error) {
	l, err := levelsOf(dir)
	if err != nil {
		return nil, err
	}
	w := &Watch{levels: l}
	p := patience{o: o}
	for passes := 0; ; passes++ {
		w.stamps = w.now() // before the look at the locks
		busy, err := settleAll(l, o)
		if err != nil {
			return nil, err
		}
		if busy == nil {
			if passes == 0 && w.Changed() { // by what was undone just now
				continue
			}
			return w, nil
		}
		switch err := p.wait(ctx, *busy); {
		case errors.Is(err, errPatience):
			w.Running = busy
			return w, nil
		case err != nil:
			return nil, fmt.Errorf("cannot wait for %s: %w", busy, err)
		}
	}
}

func settleAll(l levels, o Options) (busy *Owner, err error) {
	for i, dir := range l.dirs {
		if busy, err := settle(dir, l.shown[i], o); busy != nil || err != nil {
			return busy, err
		}
	}
	return nil, nil
}

// settle undoes what a dead update left at one level.
func settle(dir, shown string, o Options) (busy *Owner, err error) {
	h, busy, err := take(dir, shown, false, o)
	if err == nil && h != nil {
		defer h.drop()
		h.did("locked")
		var undone Undone
		if undone, err = h.undo(); err == nil {
			o.say(undone)
			if err = h.remove(); denied(err) {
				err = nil // it says nothing, and somebody else removes it
			}
		}
	}
	if err != nil {
		return nil, failure(shown, "undo an interrupted update", err)
	}
	return busy, nil
}

// Changed tells whether an update began, ended or was made since Settle returned. It may be wrong when
// other entries of the tree's folder came or went.
func (w *Watch) Changed() bool {
	if w.Running != nil {
		return false
	}
	for i, now := range w.now() {
		if now != w.stamps[i] {
			return true
		}
	}
	return false
}

// now are stamps of the levels up to the top of the checkout, where an update has its folder.
func (w *Watch) now() []stamp {
	stamps := make([]stamp, w.levels.top+1)
	for i := range stamps {
		stamps[i], _ = stampOf(w.levels.dirs[i]) // a folder that is gone has changed
	}
	return stamps
}
