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

// lack is a part of an entry's repository that is not in its context as it should be.
type lack struct {
	source.Lack
	rel string // path in the context
}

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
			l.lacks = append(l.lacks, lack{k, rel})
		}
	}
}

// who stands for all of an entry that says what its build takes.
func (l *Listed) who(git source.Git) string {
	return fmt.Sprintf("%q", []any{l.Name, git.Subdir, l.Dockerfile, l.Target, l.Test, l.Args}) // maps are printed sorted by key
}

// Settle notes whether a build of the image does without the submodules that its repository did not give.
// If it does not, the next run asks for them again.
func (l *Listed) Settle(without bool) {
	if l != nil && len(l.lacks) > 0 {
		l.settle(without)
	}
}

// lacking splits what an image's context lacks into files and folders, paths in the context.
func (i *Image) lacking() (files, folders []string) {
	if i.Listed == nil {
		return nil, nil
	}
	for _, l := range i.Listed.lacks {
		if l.Folder {
			folders = append(folders, l.rel)
		} else {
			files = append(files, l.rel)
		}
	}
	return files, folders
}

// Lacking is the error of a build of the image that follows so much of its context, if it would take what
// is not as it should be: submodules that could not be had, and files that no filter has made. It is nil
// for folders, and when nothing of that is taken.
func (f *Fleet) Lacking(img *Image, t *buildcontext.Tree, followed recipe.Followed) error {
	files, folders := img.lacking()
	if len(files)+len(folders) == 0 {
		return nil
	}
	taken, err := t.Takes(followed, files, folders)
	if err != nil {
		return err
	}
	var lacks []source.Lack
	for _, l := range img.Listed.lacks {
		if slices.Contains(taken, l.rel) {
			lacks = append(lacks, l.Lack)
		}
	}
	return source.Lacking(lacks)
}

// MayLack tells what a build of the image could miss, with the way out. Followed is what the last one took:
// when that is known, only what of that is not as it should be. It is nil for nothing.
func (f *Fleet) MayLack(img *Image, followed recipe.Followed) error {
	if img.Listed == nil || len(img.Listed.lacks) == 0 {
		return nil
	}
	t, err := f.Context(img)
	if err != nil {
		return nil // the build says so
	}
	defer t.Close()
	return f.Lacking(img, t, followed)
}
