package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Checkout is the tree of one commit with its submodules, without a .git. It is
// shared: nothing may be written to it. Prune keeps it until Close.
type Checkout struct {
	Root   string    // the checkout's absolute path
	Dir    string    // the folder of Subdir below it, links resolved; else Root
	Commit string    // the whole id
	Time   time.Time // of the commit (its committer's), never before 1970

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

type entry struct {
	Repository string `json:"repository"` // without credentials, for people
	Commit     string `json:"commit"`
	Time       int64  `json:"time"` // seconds since 1970
}

// Fetch returns the files of a commit that Resolve returned for g. What was
// fetched before is neither fetched nor checked again. The checkout appears
// whole or not at all; of several processes that want it one fetches and the
// others wait. The caller closes it.
func (r *Repositories) Fetch(ctx context.Context, g Git, commit string) (Checkout, error) {
	doing := "cannot fetch " + g.String()
	fail := func(err error) (Checkout, error) {
		var e *Error
		if errors.As(err, &e) {
			return Checkout{}, err
		}
		var over *timeoutError
		return Checkout{}, &Error{Doing: doing, Err: err, transient: errors.As(err, &over)}
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
	name := nameOf(g, commit)
	// Prune may remove the checkout between the fetch and the lock that keeps it.
	for range 10 {
		if err := context.Cause(ctx); err != nil {
			return fail(err)
		}
		c, ok, err := open(ctx, cache, name, g)
		if err != nil {
			return fail(err)
		}
		if ok {
			return c, nil
		}
		if err := r.fill(ctx, cache, name, g, commit); err != nil {
			return fail(err)
		}
	}
	return fail(errors.New("its checkout disappears each time it is made"))
}

// nameOf is one path element. The repository is part of it, so that nobody gets
// the files of a private one by knowing a commit's id.
func nameOf(g Git, commit string) string {
	sum := sha256.Sum256([]byte(display(g.URL)))
	return hex.EncodeToString(sum[:8]) + "-" + commit
}

// open returns a finished checkout, locked against Prune.
func open(ctx context.Context, cache, name string, g Git) (c Checkout, ok bool, err error) {
	dir := filepath.Join(cache, name)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return Checkout{}, false, nil
	}
	lock, err := acquire(ctx, lockName(cache, name), shared, nil)
	if err != nil {
		return Checkout{}, false, err
	}
	defer func() {
		if !ok {
			_ = unlock(lock)
		}
	}()
	data, err := os.ReadFile(filepath.Join(dir, entryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Checkout{}, false, nil
	}
	var e entry
	if err == nil {
		err = json.Unmarshal(data, &e)
	}
	if err != nil {
		return Checkout{}, false, fmt.Errorf("cannot read the checkout: %w\nhint: remove %s", err, dir)
	}
	root := filepath.Join(dir, treeDir)
	at, err := subfolder(root, g.Subdir)
	if err != nil {
		return Checkout{}, false, err
	}
	return Checkout{Root: root, Dir: at, Commit: e.Commit, Time: time.Unix(e.Time, 0).UTC(), lock: lock}, true, nil
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
func (r *Repositories) fill(ctx context.Context, cache, name string, g Git, commit string) (err error) {
	dir := filepath.Join(cache, name)
	there := func() bool { _, err := os.Lstat(dir); return err == nil }
	lock, err := acquire(ctx, lockName(cache, name), exclusive, there)
	if err != nil || lock == nil {
		return err
	}
	defer unlock(lock)
	if there() {
		return nil
	}
	if err := removeUnfinished(cache, name); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(cache, tempPrefix+name+".")
	if err != nil {
		return fmt.Errorf("cannot make a folder for the checkout: %w", err)
	}
	defer func() {
		if err != nil {
			_ = removeAll(temp)
		}
	}()
	f := &fetcher{r: r, temp: temp, git: g, doing: "cannot fetch " + g.String()}
	when, err := f.run(ctx, commit)
	if err != nil {
		return err
	}
	data, err := json.Marshal(entry{Repository: display(g.URL), Commit: commit, Time: when})
	if err != nil {
		return fmt.Errorf("internal error: cannot encode a checkout: %w", err)
	}
	if err := os.WriteFile(filepath.Join(temp, entryFile), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("cannot write the checkout: %w", err)
	}
	if err := syncTree(temp); err != nil {
		return fmt.Errorf("cannot write the checkout: %w", err)
	}
	if err := os.Rename(temp, dir); err != nil {
		return fmt.Errorf("cannot write the checkout: %w", err)
	}
	return syncDir(cache)
}
