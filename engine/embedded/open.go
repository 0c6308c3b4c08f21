//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/moby/buildkit/control"

	"github.com/slipway-build/slipway/problem"
)

// openEngine opens the databases and what works on them. Where names are kept beside the databases, one
// that is damaged or lost costs build cache or history alone.
func openEngine(ctx context.Context, p *Process, o Options) (*workerParts, *control.Controller, error) {
	if err := found(p.root); err != nil {
		return nil, nil, err
	}
	known, err := takeSums(p.root, p.lock.released)
	if err != nil {
		return nil, nil, err
	}
	bad, err := inspect(ctx, p.root, known)
	if err != nil {
		return nil, nil, err
	}
	if err := mendWorkerID(p.root); err != nil {
		return nil, nil, err
	}
	kept := namesKept(p.root, o)
	if len(bad) > 0 && o.Names != nil {
		if err := mend(p.root, bad); err != nil {
			return nil, nil, err
		}
	}
	parts, ctl, err := openParts(ctx, p, o)
	if err != nil && isDamage(err) && o.Names != nil {
		for _, name := range databases() { // one of them, but which?
			bad[name] = "cannot be used"
		}
		if err := mend(p.root, bad); err != nil {
			return nil, nil, err
		}
		parts, ctl, err = openParts(ctx, p, o)
	}
	if err != nil {
		damage := isDamage(err)
		if err = fmt.Errorf("cannot open the engine in %s: %w", Folder(p.root), err); damage {
			err = problem.With(err, "if a file there is damaged, remove that folder; the images are built again")
		}
		return nil, nil, err
	}
	if o.Names != nil {
		sayMended(p.root, bad, kept, o.Warn)
	}
	return parts, ctl, nil
}

// namesKept tells whether all names of images are kept outside the databases.
func namesKept(root string, o Options) bool {
	if _, err := os.Lstat(filepath.Join(Folder(root), o.NamesFile)); err == nil {
		return true
	}
	blobs, _ := filepath.Glob(filepath.Join(BlobFolder(root), "blobs", "*", "*"))
	return len(blobs) == 0
}

// openParts opens the worker and the controller, or neither.
func openParts(ctx context.Context, p *Process, o Options) (parts *workerParts, ctl *control.Controller, err error) {
	// The database library panics on a damaged file, or faults on a truncated one.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		// What is open stays so: closing waits for a transaction that will never end.
		if r := recover(); r != nil {
			parts, ctl, err = nil, nil, recovered(r)
		}
	}()
	if parts, err = newWorker(ctx, p.root, o); err != nil {
		return nil, nil, err
	}
	if ctl, err = newController(ctx, p.root, parts, p.stop); err != nil {
		return nil, nil, errors.Join(err, parts.close())
	}
	return parts, ctl, nil
}

// closeEngine closes what is open.
func closeEngine(parts *workerParts, ctl *control.Controller) error {
	var errs []error
	if ctl != nil {
		errs = append(errs, ctl.Close())
	}
	if parts != nil {
		errs = append(errs, parts.close())
	}
	return errors.Join(errs...)
}
