package slipway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-build/slipway/fleet/updating"
)

const (
	// lookPatience is how long a command that only looks waits for a running update.
	lookPatience = 5 * time.Second
	// rereads is how often a tree is read again that changed meanwhile.
	rereads = 3
)

// steady reads the tree of a folder so that no half of an update is read: one that was killed is undone
// first, a running one is waited for, and what was read while one was made is read again. Who only looks
// waits a moment, and then reads what there is. Without a folder there is no tree.
func (s *Session) steady(ctx context.Context, dir string, looking bool, read func() error) error {
	s.begin()
	for i := range rereads {
		w, err := s.settle(ctx, dir, looking)
		if err != nil {
			return err
		}
		err = read()
		if w == nil || !w.Changed() || i == rereads-1 || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// settle returns no watch where nothing is to be watched.
func (s *Session) settle(ctx context.Context, dir string, looking bool) (*updating.Watch, error) {
	if dir == "" {
		return nil, nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, nil // the scan says what is wrong with it
	}
	o := s.updating(dir)
	if looking {
		o.Patience = lookPatience
	}
	w, err := updating.Settle(ctx, dir, o)
	switch {
	case err == nil && w.Running != nil:
		s.warn(fmt.Sprintf("%s updates changelogs of %s: what is read now may be half of that", w.Running, dir))
	case err != nil && looking && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)):
		s.warn(err.Error())
		return nil, nil
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return w, err
}

// updating are the options of whoever locks, or finds locked, the tree of a folder.
func (s *Session) updating(dir string) updating.Options {
	return updating.Options{
		Command: s.opts.Command,
		Waiting: func(o updating.Owner) {
			s.tell(Progress, fmt.Sprintf("waiting for %s to finish with the changelogs of %s", o, dir))
		},
		Undone: func(u updating.Undone) {
			text := fmt.Sprintf("an update of %d changelogs was interrupted; they are as before it", u.Changelogs)
			if len(u.Edited) > 0 {
				text += fmt.Sprintf(", but for %s: somebody changed it since, and it stays as it is", strings.Join(u.Edited, " and "))
			}
			s.warn(text)
		},
	}
}
