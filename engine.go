package slipway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/store/journal"
)

// RootNamed tells whether somebody has named the folder of images: one that nobody has named may be missing.
func (s *Session) RootNamed() bool { return s.opts.Root != "" || s.opts.Env(RootVariable) != "" }

// RootVariable is the variable that names the folder of images and cache, if Options do not.
const RootVariable = "SLIPWAY_ROOT"

// Root is the folder of images and build cache, absolute.
func (s *Session) Root() (string, error) {
	root := cmp.Or(s.opts.Root, s.opts.Env(RootVariable))
	if root == "" && os.Geteuid() == 0 {
		root = "/var/lib/slipway"
	}
	if root == "" {
		data := s.opts.Env("XDG_DATA_HOME")
		if data == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", problem.With(fmt.Errorf("cannot find a folder for images: %w", err), "name one with --root")
			}
			data = filepath.Join(home, ".local", "share")
		}
		root = filepath.Join(data, "slipway")
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("cannot find engine root: %w", err)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	return abs, noPipes(abs, embedded.Folder(abs))
}

// noPipes is the error of a pipe or a device in one of some folders, in the place of a file: who opens it
// may wait for ever.
func noPipes(folders ...string) error {
	for _, folder := range folders {
		list, _ := os.ReadDir(folder) // an error is told of by who needs the folder
		for _, e := range list {
			if e.Type()&(os.ModeNamedPipe|os.ModeDevice) != 0 {
				name := filepath.Join(folder, e.Name())
				return problem.With(fmt.Errorf("cannot use the images in %s: %s is no file, but a pipe or a device", folders[0], name), "remove it")
			}
		}
	}
	return nil
}

// startEngine takes the engine root, waiting for another process with a word.
// What was read of the store before may be out of date if it waited.
func (s *Session) startEngine(ctx context.Context) (p *embedded.Process, waited bool, err error) {
	return s.startEngineWith(ctx, func(*embedded.Options) {})
}

// startEngineWith lets set say how the engine fetches what Dockerfiles name.
func (s *Session) startEngineWith(ctx context.Context, set func(*embedded.Options)) (p *embedded.Process, waited bool, err error) {
	root, err := s.Root()
	if err != nil {
		return nil, false, err
	}
	o := s.engineOptions(root)
	set(&o)
	o.Wait = func(h embedded.Holder) {
		waited = true
		s.tell(Progress, fmt.Sprintf("waiting for %s to finish with %s", h, root))
	}
	p, err = embedded.Start(ctx, o)
	return p, waited, err
}

func (s *Session) engineOptions(root string) embedded.Options {
	return embedded.Options{
		Root: root, Debug: s.opts.Log != nil, Log: s.opts.Log, Warn: s.warn,
		Names: s.openNames, NamesFile: filepath.Base(journal.Path(root)),
	}
}

// openNames keeps the images' names in a journal.
func (s *Session) openNames(ctx context.Context, folder string, db images.Store, blobs content.Store) (embedded.NameStore, error) {
	names, err := journal.Open(ctx, folder, db, blobs)
	if err != nil {
		return nil, err
	}
	if text := names.Mended(); text != "" {
		s.warn(text)
	}
	return names, nil
}

// noStoreError tells that nothing was ever built or fetched into a root.
type noStoreError struct{ root string }

func (e *noStoreError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the problem.
func (e *noStoreError) Unwrap() error {
	return problem.New("cannot find any images: there are none in "+e.root,
		"`slipway build` and `slipway pull` make the folder; --root or SLIPWAY_ROOT name another")
}

// Is makes it one of the errors about an image that is not there.
func (e *noStoreError) Is(target error) bool { return target == store.ErrNotFound }

// unlessEmpty is the error, but for a root without a store, which who only looks finds empty.
func unlessEmpty(err error) (empty bool, other error) {
	if e := (*noStoreError)(nil); errors.As(err, &e) {
		return true, nil
	}
	return false, err
}

// withServices calls f with the engine of a running process if there is one, and of the next one when that
// ends; else with one started for the occasion. A root without a store is left as it is: a
// *noStoreError.
func (s *Session) withServices(ctx context.Context, f func(embedded.Services) error) error {
	root, err := s.Root()
	if err != nil {
		return err
	}
	for {
		other, err := embedded.Follow(ctx, s.engineOptions(root))
		if err == nil {
			err := f(other.Services())
			if lost := other.Lost(); lost != nil {
				err = lost
			}
			return errors.Join(err, other.Close())
		}
		if !errors.Is(err, embedded.ErrNotRunning) {
			return err
		}
		if !embedded.Exists(root) {
			return &noStoreError{root}
		}
		own, err := embedded.Start(ctx, s.engineOptions(root))
		if err == nil {
			return errors.Join(f(own.Services()), own.Close())
		}
		// A process that is just starting, or just ending, cannot be attached to yet.
		var busy *embedded.BusyError
		if !errors.As(err, &busy) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// withStore calls f with the local images.
func (s *Session) withStore(ctx context.Context, f func(*store.Store) error) error {
	return s.withServices(ctx, func(services embedded.Services) error {
		return f(store.New(services.Images, services.Content))
	})
}

// stored lists the local images without starting an engine.
func (s *Session) stored(ctx context.Context) ([]store.Image, error) {
	root, err := s.Root()
	if err != nil {
		return nil, err
	}
	if list, known, err := localStore(root).Index(); known || err != nil {
		return list, err
	}
	list, err := embedded.Index(ctx, root) // an older Slipway's
	if err != nil {
		return nil, err
	}
	return store.FromIndex(list), nil
}

// checkStored finds out which images are not all there, without starting an engine.
func (s *Session) checkStored(ctx context.Context, list []*store.Image) error {
	root, err := s.Root()
	if err != nil {
		return err
	}
	return localStore(root).Check(ctx, list)
}

func localStore(root string) store.Local {
	return store.Local{Folder: embedded.Folder(root), Blobs: embedded.BlobFolder(root)}
}
