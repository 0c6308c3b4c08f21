package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/source"
	"github.com/slipway-build/slipway/recipe"
)

// fetchFor fetches the files of a commit. What its repository lacks is an error at once where it is sure to
// be needed. Of the rest of the context only a build knows whether an instruction takes it: it is noted.
func (l *Listed) fetchFor(ctx context.Context, git source.Git, repositories *source.Repositories) (source.Checkout, error) {
	fetch := func(wish source.Wish) (checkout source.Checkout, err error) {
		err = patiently(ctx, func() (err error) {
			checkout, err = repositories.Fetch(ctx, git, l.Commit, wish)
			return err
		})
		return checkout, err
	}
	wish, who := l.wish(git), l.who(git)
	if repositories.Settled(git, l.Commit, wish, who) {
		wish.Counts = func(root string) func(string, bool) bool { return l.parts(root, git.Subdir).countsSettled }
	}
	l.settle = func(without bool) {
		if without {
			repositories.Settle(git, l.Commit, wish, who)
		} else {
			repositories.Unsettle(git, l.Commit, wish, who)
		}
	}
	checkout, err := fetch(wish)
	if err == nil {
		l.note(checkout, git)
	}
	if ctx.Err() != nil || !errors.Is(err, source.ErrLacking) {
		return checkout, err
	}
	wish.Counts = func(root string) func(string, bool) bool { return l.parts(root, git.Subdir).needed }
	checkout, again := fetch(wish)
	if errors.Is(again, source.ErrLacking) {
		return checkout, again
	} else if again != nil {
		return checkout, err
	}
	l.note(checkout, git)
	return checkout, nil
}

// note keeps what a checkout lacks of the context.
func (l *Listed) note(checkout source.Checkout, git source.Git) {
	parts := l.parts(checkout.Root, git.Subdir)
	for _, k := range checkout.Lacks {
		if rel, ok := parts.rel(k.Path); ok && parts.counts(k.Path, k.Folder) {
			l.lacks = append(l.lacks, Lack{k, rel})
		}
	}
}

// who stands for all of an entry that says what its build takes.
func (l *Listed) who(git source.Git) string {
	return fmt.Sprintf("%q", []any{l.Name, git.Subdir, l.Dockerfile, l.Target, l.Test, l.Args}) // maps are printed sorted by key
}

// Settled notes whether a build of the image does without the submodules that its repository did not give.
// If it does not, the next run asks for them again.
func (f *Fleet) Settled(img *Image, without bool) {
	if s := img.Definition.Source(); len(s.Lacks) > 0 {
		s.Settle(without)
	}
}

// Lacking is the error of a build of the image that follows so much of its context, if it would take what
// is not as it should be: submodules that could not be had, and files that no filter has made. It is nil
// for folders, and when nothing of that is taken.
func (f *Fleet) Lacking(img *Image, t *buildcontext.Tree, followed recipe.Followed) error {
	lacks := img.Definition.Source().Lacks
	if len(lacks) == 0 {
		return nil
	}
	var files, folders []string
	for _, l := range lacks {
		if l.Folder {
			folders = append(folders, l.Rel)
		} else {
			files = append(files, l.Rel)
		}
	}
	taken, err := t.Takes(followed, files, folders)
	if err != nil {
		return err
	}
	var missed []source.Lack
	for _, l := range lacks {
		if slices.Contains(taken, l.Rel) {
			missed = append(missed, l.Lack)
		}
	}
	return source.Lacking(missed)
}

// MayLack tells what a build of the image could miss, with the way out. Followed is what the last one took:
// when that is known, only what of that is not as it should be. It is nil for nothing.
func (f *Fleet) MayLack(img *Image, followed recipe.Followed) error {
	if len(img.Definition.Source().Lacks) == 0 {
		return nil
	}
	t, err := f.Context(img)
	if err != nil {
		return nil // the build says so
	}
	defer t.Close()
	return f.Lacking(img, t, followed)
}
