package registry

import (
	"context"
	"errors"
)

// doubt notes that a tag may not be read.
func (ps *pusher) doubt(p place, err error) {
	if ps.unsure == nil {
		ps.unsure, ps.lacking = map[string]error{}, map[string]bool{}
	}
	ps.unsure[p.Tag()] = err
}

// list asks the repository's list for the tags that may not be read, before anything is sent for them. One that
// is there is somebody else's, whatever the configuration says.
func (ps *pusher) list(ctx context.Context, tags []place) error {
	for _, p := range tags {
		if ps.unsure[p.Tag()] == nil || ps.o.Blind || ps.o.Replace == nil {
			continue
		}
		lacks, has, err := ps.h.listLacks(ctx, p)
		if err != nil {
			return err
		}
		if has {
			return ps.notOurs(p)
		}
		ps.lacking[p.Tag()] = lacks
	}
	return nil
}

func (ps *pusher) notOurs(p place) error {
	e := ps.h.fail(ErrUnauthorized, "the tag %s is there, but may not be read: %v", p.Tag(), detailOf(ps.unsure[p.Tag()]))
	e.Hint = "it may be somebody else's: let the registry's owner give you the right to pull it, or replace it with --force"
	return e
}

// stands is what a tag names now, "" for nothing. All is sent by now: a registry that refuses repositories which
// it does not have tells of this one. Where even that is refused, its list, the configuration or the one who
// forces it must say that nothing is there.
func (ps *pusher) stands(ctx context.Context, p place) (string, error) {
	now, _, _, err := ps.h.head(ctx, p, "")
	if !errors.Is(err, ErrUnauthorized) || ps.unsure[p.Tag()] == nil || !ps.h.accepts(ctx, p.Path()) {
		return now, err
	}
	if ps.o.Blind || ps.o.Replace == nil || ps.h.absentIs403() {
		return "", nil
	}
	lacks, has, look := ps.h.listLacks(ctx, p)
	switch {
	case look != nil:
		return "", look
	case has:
		return "", ps.notOurs(p)
	case lacks, ps.lacking[p.Tag()]:
		return "", nil
	}
	e := ps.h.fail(ErrUnauthorized, "it does not tell whether anything stands under the tag %s: %v", p.Tag(), detailOf(err))
	e.Hint = "if it answers so for what is not there, say so with the key slipway.absent_is_403: true; --force publishes whatever is there"
	return "", e
}

// detailOf is what a registry said, without the rest of an error's text.
func detailOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return err.Error()
}
