package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-build/slipway/pattern"
)

// ours is the name of a checkout: nothing else in the cache folder is touched.
var ours = pattern.New(`^[0-9a-f]{16}-([0-9a-f]{40}|[0-9a-f]{64})$`)

// Prune removes the checkouts of all commits but these, and what killed
// processes left unfinished. A checkout that is being made, or that somebody
// has open, stays. It returns how many were removed.
func (r *Repositories) Prune(ctx context.Context, keep ...string) (int, error) {
	cache, err := r.cache()
	if err != nil {
		return 0, fmt.Errorf("cannot remove checkouts: %w", err)
	}
	list, err := os.ReadDir(cache)
	if err != nil {
		return 0, fmt.Errorf("cannot remove checkouts: %w", err)
	}
	names := map[string]bool{} // whether it may go
	for _, e := range list {
		name := strings.TrimSuffix(e.Name(), lockSuffix)
		if rest, ok := strings.CutPrefix(name, tempPrefix); ok {
			name, _, _ = strings.Cut(rest, ".")
		}
		if ours.MatchString(name) {
			_, commit, _ := strings.Cut(name, "-")
			names[name] = !slices.Contains(keep, commit)
		}
	}
	removed := 0
	var errs []error
	for name, all := range names {
		if ctx.Err() != nil {
			return removed, fmt.Errorf("cannot remove checkouts: %w", context.Cause(ctx))
		}
		gone, err := prune(cache, name, all)
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot remove the checkout %s: %w", filepath.Join(cache, name), err))
		}
		if gone {
			removed++
		}
	}
	return removed, errors.Join(errs...)
}

// prune removes what is unfinished under a name, and the checkout too if all.
func prune(cache, name string, all bool) (gone bool, err error) {
	lock, err := tryLock(lockName(cache, name), exclusive)
	if errors.Is(err, errBusy) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer unlock(lock)
	if all {
		// A rename first: half a checkout never has a good name.
		dir := filepath.Join(cache, name)
		temp := filepath.Join(cache, tempPrefix+name+".old")
		if err := removeAll(temp); err != nil {
			return false, err
		}
		err := os.Rename(dir, temp)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
		gone = err == nil
	}
	if err := removeUnfinished(cache, name); err != nil {
		return gone, err
	}
	if all {
		return gone, os.Remove(lock.Name())
	}
	return gone, nil
}

// removeUnfinished removes the folders in which a checkout was being made. The
// caller has the exclusive lock, so nobody works there.
func removeUnfinished(cache, name string) error {
	list, err := os.ReadDir(cache)
	if err != nil {
		return err
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), tempPrefix+name+".") {
			if err := removeAll(filepath.Join(cache, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeAll is os.RemoveAll, again while a killed git's last child still writes.
func removeAll(dir string) error {
	var err error
	for range 20 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
