package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/store"
)

const defaultRootText = "/var/lib/slipway for root, $XDG_DATA_HOME/slipway for others"

// engineRoot is the folder of images and cache, absolute.
func (a *app) engineRoot() (string, error) {
	root := a.root
	if root == "" {
		root = os.Getenv("SLIPWAY_ROOT")
	}
	if root == "" && os.Geteuid() == 0 {
		root = "/var/lib/slipway"
	}
	if root == "" {
		data := os.Getenv("XDG_DATA_HOME")
		if data == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", fmt.Errorf("cannot find a folder for images: %w\nhint: name one with --root", err)
			}
			data = filepath.Join(home, ".local", "share")
		}
		root = filepath.Join(data, "slipway")
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("cannot find engine root: %w", err)
	}
	return abs, nil
}

// startEngine takes the engine root, waiting for another process with a word.
// What was read of the store before may be out of date if it waited.
func (a *app) startEngine(ctx context.Context) (p *embedded.Process, waited bool, err error) {
	root, err := a.engineRoot()
	if err != nil {
		return nil, false, err
	}
	var log io.Writer
	if a.debug {
		log = a.Err
	}
	p, err = embedded.Start(ctx, embedded.Options{
		Root: root, Log: log, Debug: a.debug,
		Wait: func(h embedded.Holder) {
			waited = true
			fmt.Fprintf(a.Err, "waiting for %s to finish with %s\n", h, root)
		},
	})
	return p, waited, err
}

// withServices calls f with the engine of a running process if there is one,
// else with one started for the occasion.
func (a *app) withServices(ctx context.Context, f func(embedded.Services) error) (err error) {
	root, err := a.engineRoot()
	if err != nil {
		return err
	}
	other, err := embedded.Attach(ctx, root)
	if err == nil {
		defer func() { err = errors.Join(err, other.Close()) }()
		return f(other.Services())
	}
	if !errors.Is(err, embedded.ErrNotRunning) {
		return err
	}
	own, _, err := a.startEngine(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	return f(own.Services())
}

// withStore calls f with the local images.
func (a *app) withStore(ctx context.Context, f func(*store.Store) error) error {
	return a.withServices(ctx, func(s embedded.Services) error {
		return f(store.New(s.Images, s.Content))
	})
}

// stored lists the local images without starting an engine.
func (a *app) stored(ctx context.Context) ([]store.Image, error) {
	root, err := a.engineRoot()
	if err != nil {
		return nil, err
	}
	list, err := embedded.Index(ctx, root)
	if err != nil {
		return nil, err
	}
	return store.FromIndex(list), nil
}
