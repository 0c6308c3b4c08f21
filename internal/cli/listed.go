package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/source"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/state"
)

// scanAll reads the fleet: the images below the directory, and those that the configuration lists.
// The files stay until release is called.
func (a *app) scanAll(cmd *cobra.Command, cfg *config.Config, o planOptions, suffix string) (_ *fleet.Fleet, release func(), err error) {
	ctx := cmd.Context()
	list, err := fleet.IncludedList(cfg)
	if err != nil {
		return nil, nil, err
	}
	if len(cfg.Builder) == 0 {
		if o.directory == "" {
			return nil, nil, usageError(cmd, errors.New("DIRECTORY is missing, and the configuration lists no images under \"builder\""))
		}
		f, err := a.scan(ctx, cfg, o.directory, suffix)
		return f, func() {}, err
	}
	repositories, forget, err := a.repositories(cfg, o.looking)
	if err != nil {
		return nil, nil, err
	}
	listed, closeAll, err := fleet.FindListed(ctx, list, repositories)
	if err != nil {
		forget()
		return nil, nil, err
	}
	release = func() { closeAll(); forget() }
	for _, l := range listed {
		if l.Unprotected {
			a.warnOnce(problem.Text(fmt.Sprintf("%s: nothing proves that the files of %s come from %s", l.Place(), l.Name, l.Shown), "use https or ssh"))
		}
	}
	f, err := a.scanWith(ctx, fleet.ScanOptions{
		Dir: o.directory, Config: cfg, TagSuffix: suffix, Listed: listed, ListedOnly: o.directory == "",
	})
	if err != nil {
		release()
		return nil, nil, err
	}
	// What is not needed any more goes; what another process reads stays.
	if commits, complete := fleet.Commits(listed); complete {
		if _, err := repositories.Prune(ctx, commits...); err != nil {
			a.printWarning(err.Error())
		}
	}
	return f, release, nil
}

// repositories are the checkouts of one configuration file, below the state's folder. Who only looks,
// where there is no such folder, has them in a temporary one until forget is called.
func (a *app) repositories(cfg *config.Config, looking bool) (_ *source.Repositories, forget func(), err error) {
	dir, err := a.stateFolder()
	if err != nil {
		return nil, nil, err
	}
	list, err := a.listID()
	if err != nil {
		return nil, nil, err
	}
	forget = func() {}
	if looking && missing(dir) {
		if dir, err = os.MkdirTemp("", "slipway-"); err != nil {
			return nil, nil, fmt.Errorf("cannot make a folder for checkouts: %w", err)
		}
		forget = func() { os.RemoveAll(dir) } // a temporary folder; what stays of it harms nobody
	}
	sum := sha256.Sum256([]byte(list))
	r := source.New(filepath.Join(dir, "sources", hex.EncodeToString(sum[:6])), "git")
	if r.Env, err = gitEnvironment(cfg, os.Environ()); err != nil {
		forget()
		return nil, nil, err
	}
	r.Progress = func(g source.Git, line string) {
		if a.info || a.debug {
			fmt.Fprintf(a.Err, "%s: %s\n", g, line)
		}
	}
	return r, forget, nil
}

// listID tells the lists of different configuration files apart.
func (a *app) listID() (string, error) {
	path, err := filepath.Abs(a.configFile)
	if err != nil {
		return "", fmt.Errorf("cannot find the configuration file: %w", err)
	}
	return path, nil
}

// forgetUnlisted drops from the state what this list had once and has no more.
func (a *app) forgetUnlisted(ctx context.Context, db *state.DB, cfg *config.Config) error {
	id, err := a.listID()
	if err != nil {
		return err
	}
	list, err := fleet.IncludedList(cfg)
	if err != nil {
		return err
	}
	names := make([]string, len(list))
	for i, l := range list {
		names[i] = l.Name
	}
	return db.SetList(context.WithoutCancel(ctx), id, names)
}
