package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-build/slipway/problem"
)

// Checkout is the tree of one commit with its submodules, without a .git. It is
// shared: nothing may be written to it. Prune keeps it until Close.
type Checkout struct {
	Root   string    // the checkout's absolute path
	Dir    string    // the folder of Subdir below it, links resolved; else Root
	Commit string    // the whole id
	Time   time.Time // of the commit (its committer's), never before 1970
	Lacks  []Lack    // what is not there as it should be, and does not count by the Wish

	lock *os.File
}

// Close lets Prune remove the checkout.
func (c Checkout) Close() error {
	if c.lock == nil {
		return nil
	}
	return unlock(c.lock)
}

// entryFile is in each finished checkout's folder, beside the tree.
const (
	entryFile = "checkout.json"
	treeDir   = "tree"
)

// Fetch returns the files of a commit that Resolve returned for g. What was
// fetched before is neither fetched nor checked again, unless something of it is
// missing that counts. The checkout appears whole or not at all; of several
// processes that want it one fetches and the others wait. The caller closes it.
func (r *Repositories) Fetch(ctx context.Context, g Git, commit string, w Wish) (Checkout, error) {
	doing := "cannot fetch " + g.String()
	fail := func(err error) (Checkout, error) {
		var e *failure
		if errors.As(err, &e) {
			return Checkout{}, err
		}
		var over *timeoutError
		return Checkout{}, &failure{Problem: problem.Problem{Text: doing, Err: err}, transient: errors.As(err, &over)}
	}
	commit = strings.ToLower(commit)
	if !isCommit(commit) {
		return fail(fmt.Errorf("%q is not a whole commit id", clean(commit)))
	}
	if err := g.check(); err != nil {
		return fail(err)
	}
	cache, err := r.cache()
	if err != nil {
		return fail(err)
	}
	limit := r.fetchTimeout()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &timeoutError{limit})
	defer cancel()
	m := &maker{r: r, cache: cache, git: g, commit: commit, wish: w, doing: doing}
	// Prune may remove the checkout between the fetch and the lock that keeps it.
	for range 10 {
		if err := context.Cause(ctx); err != nil {
			return fail(err)
		}
		c, ok, err := m.open(ctx)
		if err != nil {
			return fail(err)
		}
		if ok {
			return c, nil
		}
		if err := m.fill(ctx); err != nil && ctx.Err() == nil && m.raw != nil {
			return fail(m.raw) // whatever keeps it from being fetched again
		} else if err != nil && ctx.Err() == nil && len(m.variants) > 0 {
			return fail(lackingError{err}) // there is a checkout, which only lacks something
		} else if err != nil {
			return fail(err)
		}
	}
	return fail(errors.New("its checkout disappears each time it is made"))
}

// maker finds one checkout in the cache, or makes it.
type maker struct {
	r      *Repositories
	cache  string
	git    Git
	commit string
	wish   Wish
	doing  string
	// variants tell it from a checkout that lacks something, and stays for those who use it.
	variants []string
	raw      error // why files that were not filtered led to a variant
}

func (m *maker) name() string { return nameOf(m.git, m.commit, m.wish, m.variants...) }
func (m *maker) dir() string  { return filepath.Join(m.cache, m.name()) }

func (m *maker) there() bool {
	_, err := os.Lstat(m.dir())
	return err == nil
}

// open returns a finished checkout, locked against Prune; it is not ok when there is none. In the place of
// one that lacks what counts, and might have it by now, it is another one of the same commit.
func (m *maker) open(ctx context.Context) (c Checkout, ok bool, err error) {
	if !m.there() {
		return Checkout{}, false, nil
	}
	lock, err := acquire(ctx, lockName(m.cache, m.name()), shared, nil)
	if err != nil {
		return Checkout{}, false, err
	}
	e, err := m.entry()
	if errors.Is(err, fs.ErrNotExist) {
		return Checkout{}, false, unlock(lock)
	}
	root := filepath.Join(m.dir(), treeDir)
	var l *lack
	if err == nil {
		l, err = m.lack(ctx, e, root)
	}
	if err == nil && l == nil {
		at := ""
		if at, err = subfolder(root, m.git.Subdir); err == nil {
			return Checkout{Root: root, Dir: at, Commit: e.Commit, Time: time.Unix(e.Time, 0).UTC(), Lacks: m.lacks(e), lock: lock}, true, nil
		}
	}
	_ = unlock(lock)
	if err != nil {
		return Checkout{}, false, err
	}
	if l.variant == "" || slices.Contains(m.variants, l.variant) {
		return Checkout{}, false, l.err
	}
	if m.variants = append(m.variants, l.variant); l.raw {
		m.raw = l.err
	}
	return m.open(ctx)
}

// subfolder finds sub below root. It may be a link, but not one that leaves root.
func subfolder(root, sub string) (string, error) {
	if sub == "" {
		return root, nil
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return "", err
	}
	defer r.Close()
	info, err := r.Stat(filepath.FromSlash(sub))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("the repository has no folder %s at this commit", sub)
	case err != nil:
		return "", fmt.Errorf("cannot use folder %s of the repository: %w", sub, err)
	case !info.IsDir():
		return "", fmt.Errorf("%s is not a folder of the repository", sub)
	}
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	at, err := filepath.EvalSymlinks(filepath.Join(real, filepath.FromSlash(sub)))
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(real, at)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("folder %s leads out of the repository", sub)
	}
	return filepath.Join(root, rel), nil
}

// fill makes the checkout unless another process has made it meanwhile.
func (m *maker) fill(ctx context.Context) error {
	lock, err := acquire(ctx, lockName(m.cache, m.name()), exclusive, m.there)
	if err != nil || lock == nil {
		return err
	}
	defer unlock(lock)
	if m.there() {
		return nil
	}
	return m.make(ctx)
}

// make makes the checkout. The caller has the exclusive lock.
func (m *maker) make(ctx context.Context) (err error) {
	if err := removeUnfinished(m.cache, m.name()); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(m.cache, tempPrefix+m.name()+".")
	if err != nil {
		return fmt.Errorf("cannot make a folder for the checkout: %w", err)
	}
	defer func() {
		if err != nil {
			_ = removeAll(temp)
		}
	}()
	f := &fetcher{r: m.r, temp: temp, git: m.git, wish: m.wish, doing: m.doing}
	when, err := f.run(ctx, m.commit)
	if err != nil {
		return err
	}
	if counts := m.wish.counts(filepath.Join(temp, treeDir)); f.again {
		for _, u := range f.unfiltered {
			if counts(u.Path, false) { // the next attempt may have the file
				return lackingError{unfilteredError(m.doing, []unfiltered{u})}
			}
		}
	}
	if err := m.writeEntry(ctx, f, temp, when); err != nil {
		return err
	}
	if err := syncTree(temp); err != nil {
		return fmt.Errorf("cannot write the checkout: %w", err)
	}
	if err := os.Rename(temp, m.dir()); err != nil {
		return fmt.Errorf("cannot write the checkout: %w", err)
	}
	return syncDir(m.cache)
}
